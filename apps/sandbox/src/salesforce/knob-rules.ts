import { applyDecorators } from '@nestjs/common';
import { IsInt, IsNumber, Max, Min } from 'class-validator';

/** From 0, never, to 1, always. */
export const Rate = (): PropertyDecorator => applyDecorators(IsNumber(), Min(0), Max(1));

export const TimeMs = (): PropertyDecorator => applyDecorators(IsInt(), Min(0), Max(3_600_000));
