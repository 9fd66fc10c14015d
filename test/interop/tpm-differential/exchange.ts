import { encode, fixed, toHex } from '../../../src/bytes/index.ts';
import { buildCommand } from '../../../src/tpm/client/packet.ts';
import { type RawAnswer, readResponse } from '../../../src/tpm/client/response.ts';
import type { CommandRecord } from '../../../src/tpm/index.ts';
import { explainRc, TPM_CC, TPM_RC, TPMT_PUBLIC_NULL } from '../../../src/tpm/wire/index.ts';
import { message } from '../../../src/tpmrm/wire.ts';
import { authOfSide, authsFor } from './auths.ts';
import { differences } from './compare.ts';
import { Dice } from './dice.ts';
import { learn } from './learn.ts';
import { type Both, both, type Pair, SIDES, type Side } from './pair.ts';
import { makeRoom } from './provide.ts';
import { spoilCommand, spoilParameters } from './spoil.ts';
import { isUnlike, writtenFor } from './values.ts';
import { byName, type Said, type TwinAuth, type Wanted } from './wanted.ts';
import { all, findIndex, findSession, findThing, newWorld, type World } from './world.ts';

/** The two TPMs do not say the same. */
export class Difference extends Error {
  override readonly name = 'Difference';
  /** What kind of difference it is: for lists in which one kind stands once. */
  readonly kind: string;
  constructor(kind: string, detail: string) {
    super(`${kind}\n${detail}`);
    this.kind = kind;
  }
}

/** They differ as docs/tpm-differences.md says; a stream cannot go on from there. */
export class KnownDifference extends Error {
  override readonly name = 'KnownDifference';
}

/** How many commands there were, and what became of them. */
export interface Tally {
  commands: number;
  accepted: number;
  readonly codes: Map<string, number>;
}
export const newTally = (): Tally => ({ commands: 0, accepted: 0, codes: new Map() });

/** A serial number, and the nonce of an ECDAA signature, have no zeros in front: their length is up to chance. */
const mayVary = ({ name }: CommandRecord, response: Uint8Array): boolean =>
  name === 'TPM2_CertifyX509' || toHex(response).includes('001a00');

const EMPTY = new Uint8Array(0);
const rcOf = (response: Uint8Array): number => new DataView(response.buffer, response.byteOffset).getUint32(6);

/** Sends commands to both TPMs and compares what they say. */
export class Exchange {
  readonly pair: Pair;
  readonly world: World = newWorld();
  readonly log: string[] = [];
  readonly #tally: Tally;

  constructor(pair: Pair, tally: Tally) {
    this.pair = pair;
    this.#tally = tally;
  }

  /** True when both accepted the command. @throws {Difference | KnownDifference} */
  async run(dice: Dice, wanted: Wanted): Promise<boolean> {
    const { command, handles, values, careful = false } = wanted;
    const [a, b] = SIDES.map(side => writtenFor(command.params, values, side));
    if (!a || !b) return false;
    const written: Both<Uint8Array> = [a, b];
    const parameters = !careful && dice.percent(6) ? spoilParameters(written, dice) : written;
    const auths = wanted.auths ?? (careful ? [] : authsFor(command, handles, this.world, dice));
    const packets = this.#packets(wanted, parameters, auths, dice.u32());
    const whole: Both<Uint8Array> = [packets[0].bytes, packets[1].bytes];
    const spoilt = !careful && dice.percent(4);
    const bytes = spoilt ? spoilCommand(whole, dice) : whole;
    const responses = await this.pair.send(bytes);
    const how = spoilt ? ' (spoilt)' : parameters === written ? '' : ' (parameters spoilt)';
    const rc = await this.#sameCode(command, how, handles, bytes, responses);
    if (rc === TPM_RC.OBJECT_MEMORY && dice.percent(70)) await makeRoom(this, dice, 'objects');
    if (rc === TPM_RC.SESSION_MEMORY && dice.percent(70)) await makeRoom(this, dice, 'sessions');
    if (rc !== 0) return rc === TPM_RC.RETRY && !careful ? this.run(dice, { ...wanted, auths, careful: true }) : false;
    this.#tally.accepted++;
    if (spoilt) {
      await this.takeStock(auths);
      return true;
    }
    const answers = SIDES.map(side => readResponse(command, packets[side], responses[side], good => good));
    // A policy session that wants a password answers without HMAC, whoever it is there for: that is nothing a client can check.
    if (answers.every(answer => !answer.ok && answer.rc === null && answer.fault === 'TSS_RC_HMAC_SIZE')) {
      await this.takeStock(auths);
      return true;
    }
    const said = SIDES.map(side => this.#said(command, answers[side], side, bytes, responses)) as [Said, Said];
    const found = differences(command.name, said[0].out, said[1].out, this.#isSame(handles, values));
    if (said[0].handle !== said[1].handle) found.push(`handle: ${said[0].handle.toString(16)}, swtpm ${said[1].handle.toString(16)}`);
    if (found.length > 0)
      throw new Difference(`${command.name}: ${found[0]?.split(':')[0]}`, `${found.join('\n')}\n${this.#show(bytes, responses)}`);
    if (parameters === written) await learn(this, { command, handles, values, auths, said });
    else await this.takeStock(auths); // what was asked for is not known exactly any more
    return true;
  }

  #packets({ command, handles, values }: Wanted, parameters: Both<Uint8Array>, auths: readonly TwinAuth[], seed: number) {
    const build = (side: Side) => {
      const chance = new Dice(seed);
      const raw = { ...command, params: { raw: fixed('raw', parameters[side].length) } };
      return buildCommand(
        raw,
        handles.map(handle => handle[side]),
        { raw: parameters[side] },
        auths.map(auth => authOfSide(auth, side, command, values)),
        handles.map(handle => this.nameOf(handle[side], side)),
        count => chance.bytes(count),
      );
    };
    return [build(0), build(1)] as const;
  }

  async #sameCode(
    command: CommandRecord,
    how: string,
    handles: readonly Both<number>[],
    bytes: Both<Uint8Array>,
    responses: Both<Uint8Array>,
  ): Promise<number> {
    const [ours, theirs] = [rcOf(responses[0]), rcOf(responses[1])];
    const line = `${command.name}${how} ${explainRc(theirs).text}`;
    this.log.push(line);
    this.#tally.commands++;
    this.#tally.codes.set(line, (this.#tally.codes.get(line) ?? 0) + 1);
    await this.#passKnown(command, handles, ours, theirs);
    if (ours !== theirs)
      throw new Difference(`${command.name}${how}: ${explainRc(ours).text}, swtpm ${explainRc(theirs).text}`, this.#show(bytes, responses));
    if (responses[0].length !== responses[1].length && !mayVary(command, responses[1]))
      throw new Difference(`${command.name}: ${responses[0].length} bytes, swtpm ${responses[1].length}`, this.#show(bytes, responses));
    return ours;
  }

  /** docs/tpm-differences.md. */
  async #passKnown(command: CommandRecord, handles: readonly Both<number>[], ours: number, theirs: number): Promise<void> {
    if (ours === theirs && command.name !== 'TPM2_IncrementalSelfTest') return;
    if (command.name === 'TPM2_IncrementalSelfTest' && ours === 0) throw new KnownDifference('all tests are passed at all times');
    if (theirs === TPM_RC.FAILURE && (await this.#gaveUp())) throw new KnownDifference('an assertion of libtpms fails');
    if (command.name === 'TPM2_ClockSet') throw new KnownDifference('the Clocks of the two are near each other, not the same');
    if (ours === TPM_RC.SEQUENCE || handles.some(handle => findThing(this.world, handle[0])?.kind === 'sequence'))
      throw new KnownDifference('libtpms takes the running hash of a sequence for the key that it would be');
  }

  /** Whether libtpms is in failure mode: then every command fails. */
  async #gaveUp(): Promise<boolean> {
    const [, theirs] = await this.pair.send(both(message(TPM_CC.GetRandom, Uint8Array.of(0, 1))));
    return rcOf(theirs) === TPM_RC.FAILURE;
  }

  #said(command: CommandRecord, answer: RawAnswer | undefined, side: Side, bytes: Both<Uint8Array>, responses: Both<Uint8Array>): Said {
    if (!answer) throw new RangeError('no answer');
    if (answer.ok) return answer;
    const fault = answer.rc === null ? answer.fault : explainRc(answer.rc).text;
    throw new Difference(
      `${command.name}: ${side === 0 ? 'embedded' : 'swtpm'} gives ${fault}`,
      `${answer.detail}\n${this.#show(bytes, responses)}`,
    );
  }

  #isSame(handles: readonly Both<number>[], values: Readonly<Record<string, unknown>>): boolean {
    if (Object.values(values).some(isUnlike)) return false;
    return handles.every(([handle]) => {
      const thing = findThing(this.world, handle);
      if (thing) return thing.same && thing.external === true;
      const isObject = handle >>> 24 === 0x80 || handle >>> 24 === 0x81; // one that came into being by a spoilt command
      return !isObject && !findSession(this.world, handle)?.tainted;
    });
  }

  nameOf(handle: number, side: Side): Uint8Array | undefined {
    if (findIndex(this.world, handle)) return this.world.nvNames.get(handle);
    return all(this.world).find(thing => thing.handle[side] === handle)?.name[side];
  }

  #show(bytes: Both<Uint8Array>, responses: Both<Uint8Array>): string {
    const [a, b] = [bytes, responses].map(pair => pair.map(toHex));
    const things = all(this.world).map(({ handle, kind, publicArea, external }) => {
      const area = publicArea ? toHex(encode(TPMT_PUBLIC_NULL, publicArea[0])) : '';
      return `  ${handle[0].toString(16)} ${kind}${external ? ' external' : ''} ${area}`;
    });
    const sessions = this.world.sessions.map(
      ({ sides: [own] }) => `  ${own.handle.toString(16)} ${own.kind} ${own.authHash} ${JSON.stringify(own.symmetric)}`,
    );
    const last = this.log.slice(-60).map(line => `  ${line}`);
    return [`> ${a?.[0]}`, `< ${b?.[0]}`, `swtpm > ${a?.[1]}`, `swtpm < ${b?.[1]}`, ...things, ...sessions, ...last].join('\n');
  }

  /** Asks both what there is, and forgets what there is not. Both must have the same. */
  async takeStock(used: readonly TwinAuth[] = []): Promise<void> {
    const there = new Set<number>();
    for (const property of [0x80000000, 0x81000000, 0x01000000, 0x02000000]) {
      const said = await this.ask('TPM2_GetCapability', [], { capability: 1, property, propertyCount: 254 });
      if (!said) return;
      for (const handle of (said.capabilityData as { data: readonly number[] }).data) there.add(handle);
    }
    const { world } = this;
    world.things = world.things.filter(({ handle }) => there.has(handle[0]));
    world.persistent = world.persistent.filter(({ handle }) => there.has(handle[0]));
    world.indices = world.indices.filter(({ handle }) => there.has(handle));
    // A session that was used has rolled its nonce in a way that was not read.
    const isUsed = (session: unknown) => used.some(auth => 'session' in auth && auth.session === session);
    world.sessions = world.sessions.filter(session => there.has(session.sides[0].handle) && !isUsed(session));
    for (const { handle } of world.indices) await this.readNvName(handle);
  }

  async readNvName(handle: number): Promise<void> {
    const said = await this.ask('TPM2_NV_ReadPublic', [handle], {});
    if (said) this.world.nvNames.set(handle, said.nvName as Uint8Array);
  }

  /** A question that both must answer with the same bytes; null when they refuse it. */
  async ask(
    name: string,
    handles: readonly number[],
    values: Readonly<Record<string, unknown>>,
  ): Promise<Readonly<Record<string, unknown>> | null> {
    const command = byName(name);
    const packet = buildCommand(command, handles, values, [], [], () => EMPTY);
    const responses = await this.pair.send(both(packet.bytes));
    if (toHex(responses[0]) !== toHex(responses[1]))
      throw new Difference(`${name}, asked in between`, this.#show(both(packet.bytes), responses));
    const answer = readResponse(command, packet, responses[0], () => true);
    return answer.ok ? answer.out : null;
  }
}
