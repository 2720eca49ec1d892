import { Module } from '@nestjs/common';
import { CommissionsService } from './commissions.service.js';
import { DealsController } from './deals.controller.js';

@Module({ controllers: [DealsController], providers: [CommissionsService] })
export class AppModule {}
