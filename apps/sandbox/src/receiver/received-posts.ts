import type { KnobBoard } from '../hubspot/webhooks/knob-board.js';

/** One post that a plugin sent to the system behind, which the sandbox plays too. */
export interface ReceivedPost {
  number: number;
  receivedAt: string;
  /** What we answered. */
  status: number;
  headers: Record<string, string>;
  body: unknown;
}

export interface ReceiverCounts {
  received: number;
  accepted: number;
  failed: number;
  /** Accepted ones with different `webhook-id`s: a repeated one is counted once. */
  distinct: number;
}

const KEPT = 1_000;
const KEPT_HEADERS = /^(webhook-|content-type$|idempotency-key$|traceparent$|user-agent$)/;

/** Keeps what comes, and fails when the knobs say so. Nothing is verified. */
export class ReceivedPosts {
  private posts: ReceivedPost[] = [];
  private counted = { received: 0, accepted: 0, failed: 0 };
  private readonly ids = new Set<string>();

  constructor(
    private readonly board: KnobBoard,
    private readonly now: () => number,
  ) {}

  get counts(): ReceiverCounts {
    return { ...this.counted, distinct: this.ids.size };
  }

  receive(headers: Readonly<Record<string, string | string[] | undefined>>, body: unknown): ReceivedPost {
    const status = this.decideStatus();
    const number = (this.counted.received += 1);
    this.counted[status < 300 ? 'accepted' : 'failed'] += 1;
    const id = headers['webhook-id'];
    if (status < 300) this.ids.add(typeof id === 'string' ? id : String(number));
    const post = {
      number,
      receivedAt: new Date(this.now()).toISOString(),
      status,
      headers: pickHeaders(headers),
      body,
    };
    this.posts = [...this.posts, post].slice(-KEPT);
    return post;
  }

  list(): readonly ReceivedPost[] {
    return this.posts;
  }

  clear(): void {
    this.posts = [];
    this.counted = { received: 0, accepted: 0, failed: 0 };
    this.ids.clear();
  }

  private decideStatus(): number {
    const { receiverFailNext, receiverFailStatus } = this.board.present;
    if (receiverFailNext === 0) return 204;
    this.board.present.receiverFailNext -= 1;
    return receiverFailStatus;
  }
}

function pickHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => KEPT_HEADERS.test(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
}
