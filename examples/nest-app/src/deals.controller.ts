import { EventPattern, MESH, type MeshContext, type MeshEvent } from '@crm-mesh/nest';
import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { CommissionsService } from './commissions.service.js';

@Controller()
export class DealsController {
  constructor(private readonly commissions: CommissionsService) {}

  /** Runs on the delivery engine: in order per deal, retried, remembered, buried at last. */
  @EventPattern('deal.won', { consumer: 'commissions', delivery: { startFrom: 'all', maxAttempts: 8 } })
  onWon(@Payload() event: MeshEvent<'deal.won'>, @Ctx() context: MeshContext): void {
    const { ownerId, amount } = event.data;
    this.commissions.book(context.idempotencyKey, ownerId, amount?.value);
  }

  /** `nats request mesh.ctl.commissions.total '"owner-1"'` */
  @MessagePattern('total', MESH)
  total(@Payload() owner: string): { owner: string; total: number } {
    return { owner, total: this.commissions.total(owner) };
  }
}
