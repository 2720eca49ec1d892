import { BadRequestException, Body, Controller, Get, HttpCode, Inject, Post, Put } from '@nestjs/common';
import { PipedriveCompany } from '../company.js';
import type { PipedriveKnobs } from '../knobs.js';
import type { PipedriveCounts } from '../webhooks/sender.js';

/** What Pipedrive has not. Without a token, so never open it to others. */
@Controller('sandbox/pipedrive')
export class PipedriveControlController {
  constructor(@Inject(PipedriveCompany) private readonly company: PipedriveCompany) {}

  @Get('state')
  state(): { webhooks: PipedriveCounts } {
    return { webhooks: this.company.sender.counts };
  }

  @Get('knobs')
  knobs(): PipedriveKnobs {
    return this.company.knobs;
  }

  @Put('knobs')
  turn(@Body() turned: Partial<PipedriveKnobs> | undefined): PipedriveKnobs {
    try {
      return this.company.turnKnobs(turned ?? {});
    } catch (error) {
      if (error instanceof RangeError) throw new BadRequestException(error.message);
      throw error;
    }
  }

  @Post('expire-tokens')
  @HttpCode(204)
  expire(): void {
    this.company.tokens.expireAll();
  }
}
