/** Gathers what comes while a commit is under way, and commits it together next. */
export class GroupCommit<Item> {
  private gathered: { item: Item; resolve: () => void; reject: (error: unknown) => void }[] = [];
  private committing = false;

  constructor(private readonly commit: (items: Item[]) => Promise<void>) {}

  /** Resolves when the item is committed; rejects when its group was not. */
  add(item: Item): Promise<void> {
    return new Promise((resolve, reject) => {
      this.gathered.push({ item, resolve, reject });
      if (!this.committing) {
        this.committing = true;
        setImmediate(() => void this.commitAll());
      }
    });
  }

  private async commitAll(): Promise<void> {
    while (this.gathered.length > 0) {
      const group = this.gathered;
      this.gathered = [];
      try {
        await this.commit(group.map(({ item }) => item));
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.committing = false;
  }
}
