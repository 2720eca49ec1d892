import { ModulesContainer } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';

/** Where `@EventPattern` keeps what stands beside the pattern; Nest hands the same object to the strategy. */
const EXTRAS_KEY = 'microservices:pattern_extras';

/** `DealsController.onWon`, by what stands beside the pattern: Nest tells a strategy patterns and no names. */
export function readHandlerNames(app: INestApplicationContext): Map<object, string> {
  const names = new Map<object, string>();
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype } of module.controllers.values()) {
      if (!metatype) continue;
      for (const [method, extras] of listExtras(metatype.prototype as object))
        names.set(extras, `${metatype.name}.${method}`);
    }
  }
  return names;
}

function listExtras(prototype: object): [string, object][] {
  if (prototype === Object.prototype) return [];
  const own = Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(([name, { value }]) => {
    const extras: unknown = typeof value === 'function' ? Reflect.getMetadata(EXTRAS_KEY, value as object) : undefined;
    return extras === undefined ? [] : [[name, extras as object] as [string, object]];
  });
  return [...listExtras(Object.getPrototypeOf(prototype) as object), ...own];
}
