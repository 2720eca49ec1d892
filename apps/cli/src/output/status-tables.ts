import type { HostStatus, PublisherStatus } from '@crm-mesh/control';
import type { ConsumerStatus } from '@crm-mesh/delivery';
import pc from 'picocolors';
import { mergePlugins, type PluginRow } from '../mesh/merge-plugins.js';
import type { MeshStatus } from '../mesh/mesh-status.js';
import { cutText, formatAge, formatBytes, formatCount, formatDuration } from './format.js';
import { renderTable, type Cell, type Column } from './table.js';

/** Everything of `mesh status` for people. */
export function renderStatus(status: MeshStatus, nowMs: number): string {
  return [
    renderApps(status),
    renderSection('Streams', renderStreams(status)),
    renderSection('Connections', renderConnections(status.publisher, nowMs)),
    renderSection('Consumers', renderConsumers(status)),
    renderProblems(status),
  ].join('\n\n');
}

function renderSection(title: string, body: string): string {
  return `${pc.bold(pc.underline(title))}\n${body}`;
}

function renderApps({ nats, publisher, hosts }: MeshStatus): string {
  const describe = (app: PublisherStatus | HostStatus | null): string =>
    app ? `${app.url}  ${pc.dim(`up ${formatDuration(app.uptimeMs)}`)}` : pc.red('does not answer');
  return [
    `nats-server  ${nats.url}  ${pc.dim(nats.version)}`,
    `publisher    ${describe(publisher)}`,
    ...(hosts.length === 0 ? [null] : hosts).map((host) => `host         ${describe(host)}${nameHost(host, hosts)}`),
  ].join('\n');
}

function nameHost(host: HostStatus | null, hosts: readonly HostStatus[]): string {
  return host && hosts.length > 1 ? `  ${pc.dim(host.host)}` : '';
}

const right = (title: string): Column => ({ title, align: 'right' });

function renderStreams({ streams }: MeshStatus): string {
  const columns = [{ title: 'stream' }, right('messages'), right('size'), right('first'), right('last')];
  return renderTable(
    columns,
    streams.map((stream) => [
      stream.name,
      formatCount(stream.messages),
      formatBytes(stream.bytes),
      formatCount(stream.firstSequence),
      formatCount(stream.lastSequence),
    ]),
  );
}

function renderConnections(publisher: PublisherStatus | null, nowMs: number): string {
  if (publisher === null) return pc.red('unknown: the publisher does not answer');
  if (publisher.connections.length === 0) return pc.dim('none: add one to mesh.yaml');
  const columns = [
    { title: 'connection' },
    { title: 'source' },
    right('received'),
    right('duplicates'),
    right('refused'),
    { title: 'last' },
  ];
  const table = renderTable(
    columns,
    publisher.connections.map((connection) => [
      `${connection.tenant}/${connection.name}`,
      connection.source,
      formatCount(connection.received),
      formatCount(connection.duplicates),
      connection.refused > 0 ? pc.yellow(formatCount(connection.refused)) : 0,
      formatAge(connection.lastReceivedAt, nowMs),
    ]),
  );
  const { messages, bytes } = publisher.outbox;
  if (messages === 0) return table;
  return `${table}\n${pc.yellow(`outbox: ${formatCount(messages)} notifications (${formatBytes(bytes)}) wait for JetStream`)}`;
}

const CONSUMER_COLUMNS = [
  { title: 'consumer' },
  { title: 'state' },
  right('lag'),
  right('in hand'),
  right('parked'),
  right('/min'),
  right('done'),
  right('retried'),
  right('dead'),
  { title: 'last error' },
];

function renderConsumers({ publisher, hosts, deadLetters }: MeshStatus): string {
  const dead = deadLetters.byConsumer;
  const own = (publisher?.consumers ?? []).map((consumer) => describeConsumer(consumer, consumer.state, dead));
  const plugins = mergePlugins(hosts);
  const rows = [...own, ...plugins.map((row) => describePlugin(row, dead))];
  if (rows.length === 0) return pc.dim('none');
  if (hosts.length < 2) return renderTable(CONSUMER_COLUMNS, rows);
  const places = [...own.map(() => ''), ...plugins.map(({ host }) => host ?? '')];
  return renderTable(
    [...CONSUMER_COLUMNS, { title: 'host' }],
    rows.map((row, index) => [...row, places[index]!]),
  );
}

function describePlugin(row: PluginRow, dead: Record<string, number>): Cell[] {
  const state = row.state === 'running' && row.consumer ? row.consumer.state : row.state;
  const open = dead[row.deadOf ?? ''] ?? 0;
  if (row.consumer) return describeConsumer({ ...row.consumer, name: row.name }, state, { [row.name]: open });
  return [row.name, paintState(state), '', '', '', '', '', '', open, cutText(row.reason ?? '', 60)];
}

function describeConsumer(consumer: ConsumerStatus, state: string, dead: Record<string, number>): Cell[] {
  const open = dead[consumer.name] ?? 0;
  return [
    consumer.name,
    paintState(state),
    formatCount(consumer.pending),
    formatCount(consumer.held),
    formatCount(consumer.parkedMessages),
    formatCount(consumer.settledLastMinute),
    formatCount(consumer.acked),
    formatCount(consumer.retried),
    open > 0 ? pc.yellow(formatCount(open)) : 0,
    consumer.lastError ? cutText(`${consumer.lastError.error.name}: ${consumer.lastError.error.message}`, 60) : '',
  ];
}

function paintState(state: string): string {
  if (state === 'running') return pc.green(state);
  return state === 'refused' ? pc.red(state) : pc.yellow(state);
}

function renderProblems({ problems, deadLetters, hosts }: MeshStatus): string {
  const lines = problems.map((problem) => `${pc.red('✗')} ${problem}`);
  if (deadLetters.total > 0)
    lines.push(`${pc.yellow('!')} ${formatCount(deadLetters.total)} dead letters are open: mesh dead list`);
  const heldLanes = mergePlugins(hosts).reduce((sum, { consumer }) => sum + (consumer?.heldLanes ?? 0), 0);
  if (heldLanes > 0)
    lines.push(
      `${pc.yellow('!')} ${formatCount(heldLanes)} lanes wait for a dead letter (order: strict): redrive or drop it`,
    );
  return lines.length === 0 ? `${pc.green('✓')} all well` : lines.join('\n');
}
