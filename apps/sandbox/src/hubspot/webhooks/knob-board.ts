import { Knobs, turnKnobs } from './knobs.js';

/** Holds the knobs as they are turned at present. */
export class KnobBoard {
  present: Knobs;

  constructor(
    turned: Partial<Knobs> = {},
    private readonly whenTurned: () => void = () => undefined,
  ) {
    this.present = turnKnobs(new Knobs(), turned);
  }

  turn(turned: Partial<Knobs>): Knobs {
    this.present = turnKnobs(this.present, turned);
    this.whenTurned();
    return this.present;
  }
}
