export {
  errorFromResponse,
  isEvent,
  MeshError,
  PermanentError,
  RetryLater,
  Unavailable,
  type MeshEvent,
} from '@crm-mesh/sdk';
export { connectMesh, createMeshApp } from './connect-mesh.js';
export type { EventOptions } from './event-handlers.js';
export { EventPattern, type EventMethodDecorator } from './event-pattern.js';
export { MeshContext } from './mesh-context.js';
export type { MeshOptions } from './mesh-options.js';
export { MeshStrategy } from './mesh-strategy.js';
export { MESH } from './mesh-transport.js';
