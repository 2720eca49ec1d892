import type { Nats } from '@crm-mesh/jetstream';

/** So long one answer about CRM_DIRECT serves all consumers of a process. */
const SHARED_MS = 1_000;
/** After so many polls without news it is looked all the same: a durable may be made after what it is to read. */
const QUIET_POLLS = 12;

interface Answer {
  askedAtMs: number;
  state: Promise<string>;
}

const answers = new WeakMap<Nats, Answer>();

/**
 * Looks for what was sent directly to a consumer only when something was sent to anybody. Each asking for a durable of its
 * own, which is seldom there, was most of what an idle host did.
 */
export class DirectPoll {
  #seen: string | undefined;
  #quietPolls = 0;

  constructor(private readonly nats: Nats) {}

  /** Rejects when the server is away. */
  async poll(look: () => Promise<void>): Promise<void> {
    const state = await askTogether(this.nats);
    if (state === this.#seen && ++this.#quietPolls < QUIET_POLLS) return;
    await look();
    this.#seen = state;
    this.#quietPolls = 0;
  }
}

function askTogether(nats: Nats): Promise<string> {
  const nowMs = performance.now();
  let answer = answers.get(nats);
  if (!answer || nowMs - answer.askedAtMs >= SHARED_MS) {
    const state = nats
      .streamState('CRM_DIRECT')
      .then(({ incarnation, lastSequence }) => `${incarnation} ${lastSequence}`);
    answers.set(nats, (answer = { askedAtMs: nowMs, state }));
  }
  return answer.state;
}
