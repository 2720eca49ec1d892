import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry, type Metric } from 'prom-client';

/** The app's Prometheus metrics. Asking twice for one name gives the same metric. */
export interface Metrics {
  readonly registry: Registry;
  counter<L extends string>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  gauge<L extends string>(name: string, help: string, labels?: readonly L[]): Gauge<L>;
  /** A gauge that is read when it is asked for. */
  observe(name: string, help: string, read: () => number): void;
  /** `buckets` are upper bounds in the metric's unit; default: 1 ms to 60 s, in seconds. */
  histogram<L extends string>(name: string, help: string, labels?: readonly L[], buckets?: number[]): Histogram<L>;
}

const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60];

/** Every metric carries the label `app`; the process's own (memory, event loop, GC) are included. */
export function createMetrics(options: { app: string }): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ app: options.app });
  collectDefaultMetrics({ register: registry });
  const reuse = <M extends Metric>(name: string, create: () => M): M =>
    (registry.getSingleMetric(name) as M | undefined) ?? create();
  return {
    registry,
    counter: (name, help, labelNames = []) =>
      reuse(name, () => new Counter({ name, help, labelNames, registers: [registry] })),
    gauge: (name, help, labelNames = []) =>
      reuse(name, () => new Gauge({ name, help, labelNames, registers: [registry] })),
    observe: (name, help, read) =>
      void new Gauge({
        name,
        help,
        registers: [registry],
        collect: function () {
          this.set(read());
        },
      }),
    histogram: (name, help, labelNames = [], buckets = SECONDS) =>
      reuse(name, () => new Histogram({ name, help, labelNames, buckets, registers: [registry] })),
  };
}
