import { Clock } from './clock.ts';
import { EventBus } from './events.ts';
import { Random } from './random.ts';
import { Scheduler } from './scheduler.ts';
import { SecretRegister } from './secrets.ts';

/** What every actor is given: time, chance, the record of events, the register of secrets, and the order of turns. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly bus: EventBus;
  readonly secrets: SecretRegister;
  readonly scheduler: Scheduler;
}

export function createWorld(seed: string | number): World {
  const clock = new Clock();
  const random = new Random(seed);
  const bus = new EventBus(clock);
  return { clock, random, bus, secrets: new SecretRegister(bus), scheduler: new Scheduler(clock, bus, random.fork('scheduler')) };
}
