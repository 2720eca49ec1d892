import { PermanentError } from '@crm-mesh/nest';
import { Injectable } from '@nestjs/common';

/** What each owner has earned; a real one would write it into a database, under the idempotency key. */
@Injectable()
export class CommissionsService {
  private readonly booked = new Map<string, { owner: string; amount: number }>();

  book(idempotencyKey: string, owner: string | undefined, amount: string | undefined): void {
    if (owner === undefined || amount === undefined) throw new PermanentError('a won deal has an owner and an amount');
    this.booked.set(idempotencyKey, { owner, amount: Number(amount) * 0.05 });
  }

  total(owner: string): number {
    const own = [...this.booked.values()].filter((each) => each.owner === owner);
    return own.reduce((sum, { amount }) => sum + amount, 0);
  }
}
