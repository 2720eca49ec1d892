/** For Nest's own decorators in apps with several transports: `@MessagePattern('status', MESH)`. */
export const MESH = Symbol('crm-mesh');
