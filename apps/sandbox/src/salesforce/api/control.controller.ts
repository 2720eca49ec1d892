import { BadRequestException, Body, Controller, Get, HttpCode, Inject, Post, Put, UseFilters } from '@nestjs/common';
import type { SalesforceKnobs } from '../knobs.js';
import { SalesforceOrg, type SalesforceState } from '../org.js';
import type { OutboundAction } from '../outbound/outbound-sender.js';
import { SalesforceErrorFilter } from './error.filter.js';

/** What Salesforce has not: the strings of the puppet. Without a token, so never open it to others. */
@Controller('sandbox/salesforce')
@UseFilters(SalesforceErrorFilter)
export class SalesforceControlController {
  constructor(@Inject(SalesforceOrg) private readonly org: SalesforceOrg) {}

  @Get('state')
  state(): SalesforceState {
    return this.org.readState();
  }

  @Get('knobs')
  knobs(): SalesforceKnobs {
    return this.org.knobs;
  }

  @Put('knobs')
  turn(@Body() turned: Partial<SalesforceKnobs> | undefined): SalesforceKnobs {
    try {
      return this.org.turnKnobs(turned ?? {});
    } catch (error) {
      if (error instanceof RangeError) throw new BadRequestException(error.message);
      throw error;
    }
  }

  @Put('outbound')
  @HttpCode(204)
  setOutbound(@Body() action: OutboundAction): void {
    this.org.outbound.setAction(action);
  }

  @Post('expire-tokens')
  @HttpCode(204)
  expireTokens(): void {
    this.org.sessions.expireAll();
  }
}
