import { generateMersenne53Randomizer } from '@faker-js/faker';
import type { Logger, Metrics } from '@crm-mesh/telemetry';
import { AccessTokens } from './hubspot/api/access-tokens.js';
import { ApiGate } from './hubspot/api/api-gate.js';
import { ApiOptions } from './hubspot/api/api-options.js';
import { DEFAULT_RATE_LIMITS, RateLimiter, type RateLimits } from './hubspot/api/rate-limits.js';
import type { CrmChange } from './crm/crm-change.js';
import { CrmStore } from './crm/crm-store.js';
import { createIdDrawer, type Random } from './crm/draw-ids.js';
import type { ObjectType } from './crm/object-types.js';
import { PipedriveCompany } from './pipedrive/company.js';
import type { PipedriveOptions } from './pipedrive/options.js';
import { ReceivedPosts, type ReceiverCounts } from './receiver/received-posts.js';
import { SalesforceOrg } from './salesforce/org.js';
import type { SalesforceOptions } from './salesforce/options.js';
import { countState, type CrmState } from './story/count-state.js';
import { Player, type PlayState } from './story/player.js';
import { ScenarioRunner } from './story/scenario-runner.js';
import { KnobBoard } from './hubspot/webhooks/knob-board.js';
import type { Knobs } from './hubspot/webhooks/knobs.js';
import { listDefaultSubscriptions, type Subscription } from './hubspot/webhooks/subscriptions.js';
import type { WebhookCounts } from './hubspot/webhooks/webhook-counts.js';
import { listItems } from './hubspot/webhooks/webhook-item.js';
import { WebhookSender, type Target } from './hubspot/webhooks/webhook-sender.js';

export interface PortalOptions {
  /** Where webhooks go; may be set later. */
  target?: Target;
  /** Signs webhooks; of the OAuth client too. */
  clientSecret?: string;
  /** Of a private app. */
  accessToken?: string;
  clientId?: string;
  refreshToken?: string;
  portalId?: number;
  appId?: number;
  /** Ids, names and faults are the same for the same seed. */
  seed?: number;
  subscriptions?: readonly Subscription[];
  rateLimits?: Partial<RateLimits>;
  knobs?: Partial<Knobs>;
  /** Object types of which a merge leaves a third id; default: companies. */
  mergeMakesNewId?: readonly ObjectType[];
  /** Also speaks Salesforce's interface. */
  salesforce?: SalesforceOptions;
  /** Also speaks Pipedrive's interface. */
  pipedrive?: PipedriveOptions;
  /** Epoch milliseconds. */
  now?(): number;
}

export interface SandboxState extends CrmState {
  webhooks: Readonly<WebhookCounts>;
  receiver: ReceiverCounts;
  play: PlayState;
}

export const DEFAULTS = {
  clientSecret: 'sandbox-client-secret',
  accessToken: 'sandbox-access-token',
  clientId: 'sandbox-client-id',
  refreshToken: 'sandbox-refresh-token',
  portalId: 24_417_703,
  appId: 2_951_846,
  seed: 1,
};

type Settings = typeof DEFAULTS & PortalOptions & { now(): number };

/** Another vendor's interface to the same records. */
export interface Face {
  /** What happened, in order, after the store has it. */
  tell(changes: readonly CrmChange[]): void;
  stop(): Promise<void>;
}

/** The parts of one simulated portal, and of the app that is installed in it. */
export class Sandbox {
  readonly board: KnobBoard;
  readonly sender: WebhookSender;
  readonly store: CrmStore;
  readonly player: Player;
  readonly scenarios: ScenarioRunner;
  readonly received: ReceivedPosts;
  readonly gate: ApiGate;
  readonly tokens: AccessTokens;
  readonly api: ApiOptions;
  /** Besides HubSpot's. */
  private readonly faces: Face[] = [];
  /** Absent: not asked for. */
  readonly salesforce: SalesforceOrg | undefined;
  readonly pipedrive: PipedriveCompany | undefined;

  constructor(options: PortalOptions, { log, metrics }: { log: Logger; metrics: Metrics }) {
    const ownNow = options.now ?? Date.now;
    const now = (): number => ownNow() + this.board.present.clockSkewMs;
    const settings: Settings = { ...DEFAULTS, ...withoutUndefined(options), now };
    const { seed } = settings;
    // Each part draws from numbers of its own: what one does must not change what another does.
    const drawFor = (part: number): Random => createRandom(seed * 10 + part);
    this.board = new KnobBoard(options.knobs, () => this.sender.review());
    this.sender = this.createSender(settings, { log, metrics, random: drawFor(1) });
    this.store = this.createStore(settings, drawFor);
    this.salesforce =
      options.salesforce &&
      new SalesforceOrg(options.salesforce, { store: this.store, random: drawFor(5), now, metrics });
    if (this.salesforce) this.faces.push(this.salesforce);
    this.pipedrive =
      options.pipedrive && new PipedriveCompany(options.pipedrive, { store: this.store, random: drawFor(6), now, log });
    if (this.pipedrive) this.faces.push(this.pipedrive);
    this.player = new Player({ store: this.store, seed, random: drawFor(4), log });
    this.scenarios = new ScenarioRunner({ store: this.store, sender: this.sender, board: this.board });
    this.received = new ReceivedPosts(this.board, now);
    this.tokens = new AccessTokens(settings);
    this.gate = this.createGate(options, { now, metrics, random: drawFor(6) });
    this.api = new ApiOptions({
      actor: { changeSource: 'INTEGRATION', sourceId: String(settings.appId) },
      mergeMakesNewId: options.mergeMakesNewId ?? ['companies'],
      now,
      searchLagMs: () => this.board.present.searchLagMs,
    });
  }

  readState(): SandboxState {
    return {
      ...countState(this.store),
      webhooks: this.sender.counts,
      receiver: this.received.counts,
      play: this.player.state,
    };
  }

  async stop(): Promise<void> {
    this.player.stop();
    this.scenarios.stop();
    await this.sender.stop();
    for (const face of this.faces) await face.stop();
  }

  private createSender(settings: Settings, parts: { log: Logger; metrics: Metrics; random: Random }): WebhookSender {
    const gauge = parts.metrics.gauge('sandbox_webhooks', 'Webhook items and requests, by what became of them', [
      'state',
    ]);
    const sender = new WebhookSender({
      clientSecret: settings.clientSecret,
      knobs: () => this.board.present,
      random: parts.random,
      now: settings.now,
      log: parts.log,
      show: (state, value) => gauge.set({ state }, value),
    });
    sender.target = settings.target ?? {};
    return sender;
  }

  /** Each face tells its own clients. */
  private createStore(settings: Settings, drawFor: (part: number) => Random): CrmStore {
    const app = { ...settings, subscriptions: settings.subscriptions ?? listDefaultSubscriptions() };
    const random = drawFor(2);
    return new CrmStore({
      now: settings.now,
      drawId: createIdDrawer(drawFor(3)),
      searchLagMs: () => this.board.present.searchLagMs,
      tell: (changes) => {
        this.sender.send(listItems(changes, app, random));
        for (const face of this.faces) face.tell(changes);
      },
    });
  }

  private createGate(
    { rateLimits }: PortalOptions,
    { now, metrics, random }: { now(): number; metrics: Metrics; random: Random },
  ): ApiGate {
    const requests = metrics.counter('sandbox_api_requests_total', 'Requests to the API, by how they were received', [
      'outcome',
    ]);
    return new ApiGate({
      tokens: this.tokens,
      limiter: new RateLimiter({ ...DEFAULT_RATE_LIMITS, ...rateLimits }, now),
      knobs: () => this.board.present,
      random,
      count: (outcome) => requests.inc({ outcome }),
    });
  }
}

function createRandom(seed: number): Random {
  const randomizer = generateMersenne53Randomizer();
  randomizer.seed(seed);
  return () => randomizer.next();
}

function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
