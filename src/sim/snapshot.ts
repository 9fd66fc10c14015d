/**
 * Anything whose state is plain data (numbers, bigints, strings, byte arrays, maps, sets, arrays, objects). `snapshot` gives a
 * copy that later changes do not touch; `restore` takes one back. Both only between steps, when no call is in flight.
 */
export interface Stateful<S> {
  snapshot(): S;
  restore(state: S): void;
}
