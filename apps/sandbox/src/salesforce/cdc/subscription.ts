import { randomUUID } from 'node:crypto';
import { status, type ServerDuplexStream } from '@grpc/grpc-js';
import { showReplayId, type EventStream } from './event-stream.js';
import { PubsubError } from './pubsub-error.js';
import type { FetchRequest, FetchResponse } from './pubsub-interface.js';

export interface SubscriptionOptions {
  call: ServerDuplexStream<FetchRequest, FetchResponse>;
  stream: EventStream;
  topicName: string;
  isWanted(entityName: string): boolean;
  /** Begins behind it. */
  after: bigint;
  keepAliveMs(): number;
  /** Throws when the client's token is no longer good. */
  checkAccess(): void;
  end(error: Error): void;
}

/** More is read as this. */
const MOST_OUTSTANDING = 100;

/** One client that follows one topic: it gets as many events as it asks for, and a sign of life when there are none. */
export class Subscription {
  private pending = 0;
  private after: bigint;
  private timer: NodeJS.Timeout | undefined;
  private readonly forgetListener: () => void;

  constructor(private readonly options: SubscriptionOptions) {
    this.after = options.after;
    this.forgetListener = options.stream.onAppend(() => this.deliver());
  }

  request({ topicName, numRequested }: FetchRequest): void {
    if (topicName !== '' && topicName !== this.options.topicName)
      throw new PubsubError(
        status.INVALID_ARGUMENT,
        'subscription.fetch.topic.mismatch',
        'The topic cannot be changed.',
      );
    if (numRequested <= 0) {
      const message = 'The number of requested events must be greater than 0.';
      throw new PubsubError(status.INVALID_ARGUMENT, 'subscription.fetch.requested.events.invalid', message);
    }
    this.pending = Math.min(MOST_OUTSTANDING, this.pending + numRequested);
    this.planKeepAlive();
    this.deliver();
  }

  close(): void {
    clearTimeout(this.timer);
    this.forgetListener();
  }

  private deliver(): void {
    if (this.pending === 0 || !this.isAllowed()) return;
    const { stream, isWanted } = this.options;
    const entries = stream.read(this.after, { isWanted, limit: this.pending });
    const last = entries.at(-1);
    if (!last) return;
    this.pending -= entries.length;
    this.after = last.replayId;
    this.answer(
      entries.map(({ event: { id, schemaId, payload }, replayId }) => ({
        event: { id, schemaId, payload },
        replayId: showReplayId(replayId),
      })),
    );
  }

  /** What waits for a client that asks for no more must not be skipped: then its place stays. */
  private keepAlive(): void {
    if (!this.isAllowed()) return;
    const { stream, isWanted } = this.options;
    if (stream.read(this.after, { isWanted, limit: 1 }).length === 0) this.after = stream.mark();
    this.answer([]);
  }

  private answer(events: FetchResponse['events']): void {
    this.options.call.write({
      events,
      latestReplayId: showReplayId(this.after),
      rpcId: randomUUID(),
      pendingNumRequested: this.pending,
    });
    this.planKeepAlive();
  }

  private planKeepAlive(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keepAlive(), this.options.keepAliveMs());
  }

  private isAllowed(): boolean {
    try {
      this.options.checkAccess();
      return true;
    } catch (error) {
      this.options.end(error as Error);
      return false;
    }
  }
}
