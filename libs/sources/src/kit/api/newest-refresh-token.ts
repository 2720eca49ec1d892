import { Unavailable, type Log } from '@crm-mesh/sdk';

/** Where a connection's newest refresh token stays, so that a restart knows it. */
export interface RefreshTokenStore {
  /** What was given in place of the configured one; undefined: nothing yet. */
  read(configured: string): Promise<string | undefined>;
  save(configured: string, newest: string): Promise<void>;
}

export interface NewestOptions {
  title: string;
  /** Epoch milliseconds. */
  now(): number;
  store?: RefreshTokenStore | undefined;
  log?: Pick<Log, 'warn'> | undefined;
}

/** What could not be saved is saved again after so long. */
const SAVE_AGAIN_MS = 5_000;

/** The refresh token of a connection. CRMs may give a new one each time, and take the one before no more. */
export class NewestRefreshToken {
  /** The one that this process was given or used last. */
  private own: string | undefined;
  /** As the store said last. */
  private kept: string | undefined;
  private unsavedSinceMs: number | undefined;

  constructor(
    private readonly configured: string,
    private readonly options: NewestOptions,
  ) {}

  /** The newest that is known and was not tried; undefined: there is none. Another process may have been given a newer one. */
  async find(tried: ReadonlySet<string>): Promise<string | undefined> {
    await this.readKept();
    const known = this.unsavedSinceMs === undefined ? [this.kept, this.own] : [this.own, this.kept];
    const given = known.filter((token) => token !== undefined);
    return (given.length > 0 ? given : [this.configured]).find((token) => !tried.has(token));
  }

  /** What the CRM gave for the one that was used, which is the newest itself where it gave none. */
  async keep(used: string, given = used): Promise<void> {
    const isKnown = given === (this.kept ?? this.own ?? this.configured);
    this.own = given;
    if (isKnown) {
      if (given === this.kept) this.unsavedSinceMs = undefined;
      return;
    }
    if (!this.options.store) {
      this.options.log?.warn('the CRM gave a new refresh token, and may refuse the configured one after a restart');
      return;
    }
    await this.save();
  }

  /** The access token that came with it is good all the same. */
  async saveAgain(): Promise<void> {
    if (this.options.now() - (this.unsavedSinceMs ?? Infinity) >= SAVE_AGAIN_MS) await this.save();
  }

  private async save(): Promise<void> {
    const { own } = this;
    this.unsavedSinceMs = this.options.now();
    try {
      await this.options.store?.save(this.configured, own!);
      this.kept = own;
      if (own === this.own) this.unsavedSinceMs = undefined;
    } catch {
      this.options.log?.warn('a new refresh token could not be saved: this is tried again, do not restart before');
    }
  }

  /** The configured one is not used blindly: some CRMs end all that belongs to a token which is used a second time. */
  private async readKept(): Promise<void> {
    const { store, title } = this.options;
    try {
      this.kept = await store?.read(this.configured);
    } catch (error) {
      if (this.own !== undefined) return;
      throw new Unavailable(`The refresh token for ${title} cannot be read from the store.`, { cause: error });
    }
  }
}
