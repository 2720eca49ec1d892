export type NatsServerFound =
  { kind: 'external'; url: string } | { kind: 'binary'; path: string; version: string; via: string };

export interface WayContext {
  /** Absolute; created by the way that first writes to it. */
  cacheDir: string;
  env: NodeJS.ProcessEnv;
  /** Called before each step that may take over a second, with what is being done. */
  onProgress: (step: string) => void;
  /** Where the official release archives lie, without the version. */
  releaseBaseUrl: string;
}

/** One way to a nats-server. It throws (with a reason for people) where it does not lead there. */
export interface Way {
  name: string;
  try(context: WayContext): Promise<NatsServerFound>;
}
