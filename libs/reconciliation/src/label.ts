/** Why two sides differ on a record, as far as the mesh can tell. */
export const LABELS = {
  'in-flight': 'on its way: the consumer, or the normaliser, has not come to it yet',
  parked: 'waits in a parked lane of the plugin',
  'dead-lettered': 'lies among the dead letters',
  'filtered-out': 'the plugin does not listen to what happened to it, or began later',
  'acked-not-applied': 'the plugin has settled its event, and does not hold what it said',
  'edited-downstream': 'somebody else has changed it downstream',
  'deleted-downstream': 'it was there, and somebody else has deleted it downstream',
  'created-downstream': 'the mesh never told of it: somebody else has made it downstream',
  'duplicate-downstream': 'it lies downstream more than once',
  'never-delivered': 'the CRM never told of the change',
  'mapping-changed': 'the mapping was changed since it was told',
} as const;
export type Label = keyof typeof LABELS;

/** These pass by themselves, or are as they should be: nothing is repaired, and they count as no difference. */
export const HARMLESS: ReadonlySet<Label> = new Set(['in-flight', 'filtered-out']);
/** These wait for a person: repairing them would hide what is wrong. */
export const WAITING: ReadonlySet<Label> = new Set(['parked', 'dead-lettered']);
