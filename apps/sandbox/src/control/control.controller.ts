import {
  BadRequestException,
  Body,
  ConflictException,
  Controller,
  Get,
  HttpCode,
  Inject,
  Post,
  Put,
  Query,
} from '@nestjs/common';
import { OWNERS } from '../crm/owners.js';
import { Sandbox, type SandboxState } from '../sandbox.js';
import type { PlayState } from '../story/player.js';
import type { ScenarioResult } from '../story/scenario-runner.js';
import type { Delivery } from '../hubspot/webhooks/delivery-log.js';
import type { Knobs } from '../hubspot/webhooks/knobs.js';
import type { Target } from '../hubspot/webhooks/webhook-sender.js';
import { checkAs, DeliveriesQuery, PlayRequest, ScenarioWish, TargetWish } from './control-requests.js';

/** What HubSpot has not: the strings of the puppet. Without a token, so never open it to others. */
@Controller('sandbox')
export class ControlController {
  constructor(@Inject(Sandbox) private readonly sandbox: Sandbox) {}

  @Get('state')
  state(): SandboxState & { owners: number } {
    return { ...this.sandbox.readState(), owners: OWNERS.length };
  }

  @Get('knobs')
  knobs(): Knobs {
    return this.sandbox.board.present;
  }

  @Put('knobs')
  turn(@Body() turned: Partial<Knobs> | undefined): Knobs {
    try {
      return this.sandbox.board.turn(turned ?? {});
    } catch (error) {
      if (error instanceof RangeError) throw new BadRequestException(error.message);
      throw error;
    }
  }

  @Put('target')
  setTarget(@Body(checkAs(TargetWish)) { url, publicUrl }: TargetWish): Target {
    return (this.sandbox.sender.target = { url, ...(publicUrl !== undefined && { publicUrl }) });
  }

  /** Answers when it is over, with the numbers that must come out of the mesh. */
  @Post('scenario')
  @HttpCode(200)
  async scenario(@Body(checkAs(ScenarioWish)) wish: ScenarioWish): Promise<ScenarioResult> {
    const { player, scenarios } = this.sandbox;
    if (player.state.running)
      throw new ConflictException(
        'Stop the play first (POST /sandbox/play {"running": false}): its webhooks would be counted too.',
      );
    if (scenarios.running) throw new ConflictException('A scenario is being played already: wait until it has ended.');
    return scenarios.run(wish);
  }

  @Post('play')
  @HttpCode(200)
  play(@Body(checkAs(PlayRequest)) { running, eventsPerMinute }: PlayRequest): PlayState {
    const { player } = this.sandbox;
    if (running) player.start(eventsPerMinute);
    else player.stop();
    return player.state;
  }

  @Get('deliveries')
  deliveries(@Query(checkAs(DeliveriesQuery)) query: DeliveriesQuery): Delivery[] {
    return this.sandbox.sender.deliveries.list(query);
  }

  /** Whoever holds one must fetch another. */
  @Post('tokens/expire')
  @HttpCode(204)
  expireTokens(): void {
    this.sandbox.tokens.expire();
  }
}
