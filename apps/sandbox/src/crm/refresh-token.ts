/** The refresh token that is taken at present. */
export class RefreshToken {
  private present: string;
  private uses = 0;

  constructor(
    private readonly first: string,
    private readonly rotates: boolean,
  ) {
    this.present = first;
  }

  fits(shown: unknown): boolean {
    return shown === this.present;
  }

  /** The one to show next time: where they rotate, the one before is taken no more. */
  use(): string {
    this.uses += 1;
    if (this.rotates) this.present = `${this.first}.${this.uses}`;
    return this.present;
  }
}
