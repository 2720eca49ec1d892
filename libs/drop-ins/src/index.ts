export { checkPlugin, refuseDelivery, refuseDuplicate, type PluginCheck } from './check-plugin.js';
export type { DropInEvent } from './diff-drop-ins.js';
export type { DropIn } from './drop-in.js';
export { findDropIns } from './find-drop-ins.js';
export { loadPatch, type LoadedPatch } from './load-patch.js';
export { loadPlugin, type LoadedPlugin } from './load-plugin.js';
export { watchDropIns, type DropInWatch, type WatchDropInsOptions } from './watch-drop-ins.js';
