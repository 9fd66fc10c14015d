import { toHex } from '../../../src/bytes/index.ts';
import { type ClientSession, CONTINUE } from '../../../src/tpm/client/index.ts';
import { makeSession } from '../../../src/tpm/client/session.ts';
import { type CommandRecord, nameOf } from '../../../src/tpm/index.ts';
import { TPM_RH, type TPMT_PUBLIC } from '../../../src/tpm/wire/index.ts';
import type { Exchange } from './exchange.ts';
import { type Both, both, type Side } from './pair.ts';
import { forSide, Twin } from './values.ts';
import { kindOf, type Said, type TwinAuth } from './wanted.ts';
import { authOf, findIndex, findSession, findThing, isSession, remember, rememberDeed, type Thing, type World } from './world.ts';

// What an accepted command changes in what the stream knows.

interface Done {
  readonly command: CommandRecord;
  readonly handles: readonly Both<number>[];
  readonly values: Readonly<Record<string, unknown>>;
  readonly auths: readonly TwinAuth[];
  readonly said: readonly [Said, Said];
}
interface Lesson {
  readonly exchange: Exchange;
  readonly world: World;
  readonly done: Done;
  /** Handle in the response. */
  readonly handle: Both<number>;
  /** The command's first handle. */
  readonly first: number;
  out(name: string): Both<never>;
  given(name: string): Both<never>;
}

const EMPTY = new Uint8Array(0);
const names = (areas: Both<TPMT_PUBLIC>): Both<Uint8Array> => [nameOf(areas[0]), nameOf(areas[1])];
const add = (world: World, thing: Thing): void => {
  world.things = [...world.things.filter(({ handle }) => handle[0] !== thing.handle[0]), thing];
};
const drop = (world: World, handle: number | undefined): void => {
  world.things = world.things.filter(thing => thing.handle[0] !== handle);
};
const twins = (values: Readonly<Record<string, Both<unknown>>>): Record<string, Twin> =>
  Object.fromEntries(Object.entries(values).map(([name, sides]) => [name, new Twin(sides)]));

const stock = ({ exchange }: Lesson): Promise<void> => exchange.takeStock();

function created({ world, out, given, handle, done }: Lesson): void {
  const areas = out('outPublic');
  const { userAuth } = given('inSensitive')[0] as { userAuth: Uint8Array };
  add(world, { kind: 'key', handle, publicArea: areas, name: names(areas), auth: userAuth, same: false });
  if (done.command.name === 'TPM2_CreatePrimary') {
    const ticket = twins({ creationHash: out('creationHash'), creationTicket: out('creationTicket') });
    rememberDeed(world, 'created', { ...ticket, handle });
  }
}

function sequenceStarted({ world, given, handle, first, done }: Lesson): void {
  const hashes = done.command.name === 'TPM2_HashSequenceStart';
  const same = hashes || (findThing(world, first)?.same ?? false);
  const event = hashes && given('hashAlg')[0] === 0x10;
  add(world, { kind: 'sequence', handle, publicArea: null, name: both(EMPTY), auth: given('auth')[0], same, external: true, event });
}

function sessionStarted({ exchange, world, done: { handles, values }, handle, out }: Lesson): void {
  const [tpmKey, bind] = [handles[0]?.[0] ?? TPM_RH.NULL, handles[1]?.[0] ?? TPM_RH.NULL];
  const kind = ({ 0: 'hmac', 1: 'policy', 3: 'trial' } as const)[values.sessionType as 0 | 1 | 3];
  const bindAuth = bind === TPM_RH.NULL ? EMPTY : authOf(world, bind);
  const make = (side: Side): ClientSession => {
    const name = exchange.nameOf(handles[1]?.[side] ?? 0, side) ?? Uint8Array.of(bind >>> 24, bind >>> 16, bind >>> 8, bind);
    const salt = (forSide(values.salt, side) as Uint8Array | undefined) ?? EMPTY;
    const secret = tpmKey === TPM_RH.NULL && bind === TPM_RH.NULL ? null : { bindAuth, salt };
    const bound = kind === 'hmac' && bind !== TPM_RH.NULL ? { bound: { name, authValue: bindAuth } } : {};
    const nonceCaller = forSide(values.nonceCaller, side) as Uint8Array;
    const asked = { kind, authHash: values.authHash as number, symmetric: values.symmetric as never, nonceCaller, ...bound };
    return makeSession(asked, { sessionHandle: handle[side], nonceTPM: out('nonceTPM')[side] }, secret);
  };
  world.sessions = world.sessions.filter(({ sides }) => sides[0].handle !== handle[0]);
  world.sessions.push({ sides: [make(0), make(1)], tainted: false });
}

/** PolicySigned and PolicySecret: their ticket with all that it covers. */
function authorized({ world, out, given, done }: Lesson): void {
  const name = findThing(world, done.handles[0]?.[0] ?? 0)?.name ?? both(handleName(done.handles[0]?.[0] ?? 0));
  const ticket = {
    timeout: out('timeout'),
    ticket: out('policyTicket'),
    cpHashA: given('cpHashA'),
    policyRef: given('policyRef'),
    authName: name,
  };
  rememberDeed(world, 'authorized', twins(ticket));
  remember(world, 'authTicket', out('policyTicket'));
  remember(world, 'timeout', out('timeout'));
}
const handleName = (handle: number): Uint8Array => Uint8Array.of(handle >>> 24, handle >>> 16, handle >>> 8, handle);

const LESSONS: Readonly<Record<string, (lesson: Lesson) => void | Promise<void>>> = {
  TPM2_CreatePrimary: created,
  TPM2_CreateLoaded: created,
  TPM2_Create({ world, out, given, first }) {
    const { userAuth } = given('inSensitive')[0] as { userAuth: Uint8Array };
    const parent = findThing(world, first)?.name[0] ?? EMPTY;
    world.blobs.push({ inPrivate: out('outPrivate'), publicArea: out('outPublic'), auth: userAuth, same: false, parent });
  },
  TPM2_Import({ world, out, given, first, done }) {
    const parent = findThing(world, first)?.name[0] ?? EMPTY;
    const auth = (done.values.knownAuth as Uint8Array | undefined) ?? EMPTY;
    const same = done.values.knownAuth !== undefined;
    world.blobs.push({ inPrivate: out('outPrivate'), publicArea: given('objectPublic'), auth, same, parent });
  },
  TPM2_ObjectChangeAuth({ world, out, given, first }) {
    const thing = findThing(world, first);
    if (!thing?.publicArea) return;
    const { publicArea, same, parent = EMPTY } = thing;
    world.blobs.push({ inPrivate: out('outPrivate'), publicArea, auth: given('newAuth')[0], same, parent });
  },
  TPM2_Load({ world, given, handle }) {
    const areas = given('inPublic');
    const blob = world.blobs.find(({ inPrivate }) => inPrivate[0] === given('inPrivate')[0]);
    const { auth = EMPTY, same = false } = blob ?? {};
    add(world, { kind: 'key', handle, publicArea: areas, name: names(areas), auth, same, ...(blob ? { parent: blob.parent } : {}) });
  },
  TPM2_LoadExternal({ world, given, handle }) {
    const areas = given('inPublic');
    const sensitive = given('inPrivate')[0] as { authValue: Uint8Array } | null;
    const auth = sensitive?.authValue ?? EMPTY;
    add(world, {
      kind: 'key',
      handle,
      publicArea: areas,
      name: names(areas),
      auth,
      same: true,
      external: true,
      publicOnly: sensitive === null,
    });
  },
  TPM2_HashSequenceStart: sequenceStarted,
  TPM2_HMAC_Start: sequenceStarted,
  TPM2_SequenceComplete({ world, out, first }) {
    drop(world, first);
    remember(world, 'hashTicket', out('validation'));
  },
  TPM2_EventSequenceComplete: ({ world, done }) => drop(world, done.handles[1]?.[0]),
  TPM2_FlushContext({ world, given }) {
    drop(world, given('flushHandle')[0]);
    world.sessions = world.sessions.filter(({ sides }) => sides[0].handle !== given('flushHandle')[0]);
  },
  TPM2_StartAuthSession: sessionStarted,
  TPM2_ContextSave({ world, out, first }) {
    const session = findSession(world, first);
    const thing = session ?? findThing(world, first);
    if (thing) world.saved = [...world.saved.slice(-5), { context: out('context'), thing }];
    world.sessions = world.sessions.filter(other => other !== session);
  },
  TPM2_ContextLoad({ world, given, handle }) {
    const saved = world.saved.find(({ context }) => context[0] === given('context')[0]);
    if (saved && isSession(saved.thing)) world.sessions.push(saved.thing);
    else if (saved) add(world, { ...(saved.thing as Thing), handle });
  },
  TPM2_EvictControl({ world, given, done }) {
    const persistent = given('persistentHandle')[0] as number;
    const thing = findThing(world, done.handles[1]?.[0] ?? 0);
    const was = findThing(world, persistent);
    world.persistent = world.persistent.filter(other => other !== was);
    if (!was && thing) world.persistent.push({ ...thing, handle: both(persistent) });
  },
  async TPM2_NV_DefineSpace({ exchange, world, given }) {
    const info = given('publicInfo')[0] as {
      nvIndex: number;
      dataSize: number;
      attributes: number;
      authPolicy: Uint8Array;
      nameAlg: number;
    };
    const { nvIndex: handle, dataSize: size, attributes, authPolicy, nameAlg } = info;
    world.indices.push({ handle, size, attributes, authPolicy, nameAlg, auth: given('auth')[0] });
    await exchange.readNvName(handle);
  },
  TPM2_NV_ChangeAuth({ world, given, first }) {
    const index = findIndex(world, first);
    if (index) index.auth = given('newAuth')[0];
  },
  TPM2_HierarchyChangeAuth: ({ world, given, first }) => void world.auths.set(first, given('newAuth')[0]),
  TPM2_PCR_SetAuthValue: ({ world, given, first }) => void world.auths.set(first, given('auth')[0]),
  TPM2_Clear(lesson) {
    for (const hierarchy of [TPM_RH.OWNER, TPM_RH.ENDORSEMENT, TPM_RH.LOCKOUT]) lesson.world.auths.delete(hierarchy);
    return stock(lesson);
  },
  TPM2_ChangeEPS(lesson) {
    lesson.world.auths.delete(TPM_RH.ENDORSEMENT);
    return stock(lesson);
  },
  TPM2_ChangePPS: stock,
  TPM2_HierarchyControl: stock,
  TPM2_NV_UndefineSpace: stock,
  TPM2_NV_UndefineSpaceSpecial: stock,
  TPM2_Hash({ world, out }) {
    remember(world, 'hashTicket', out('validation'));
    remember(world, 'digest', out('outHash'));
  },
  TPM2_Sign({ world, out, given, done }) {
    rememberDeed(world, 'signed', { handle: done.handles[0], ...twins({ digest: given('digest'), signature: out('signature') }) });
    remember(world, 'signature', out('signature'));
  },
  TPM2_VerifySignature: ({ world, out }) => remember(world, 'verifiedTicket', out('validation')),
  TPM2_PolicySigned: authorized,
  TPM2_PolicySecret: authorized,
  TPM2_PolicyGetDigest: ({ world, out }) => remember(world, 'policyDigest', out('policyDigest')),
  TPM2_PolicyRestart({ world, first }) {
    const session = findSession(world, first);
    if (session) session.tainted = false;
  },
  TPM2_MakeCredential({ world, out, done }) {
    const deed = twins({ credentialBlob: out('credentialBlob'), secret: out('secret') });
    rememberDeed(world, 'credential', { handle: done.handles[0], ...deed });
  },
  TPM2_Duplicate({ world, out }) {
    remember(world, 'duplicate', out('duplicate'));
    remember(world, 'symSeed', out('outSymSeed'));
  },
  TPM2_RSA_Encrypt({ world, out, given, done }) {
    const deed = twins({ cipherText: out('outData'), inScheme: given('inScheme'), label: given('label') });
    rememberDeed(world, 'encrypted', { handle: done.handles[0], ...deed });
  },
  TPM2_ECDH_KeyGen: ({ world, out }) => remember(world, 'point', out('pubPoint')),
  TPM2_EC_Ephemeral({ world, out }) {
    remember(world, 'point', out('Q'));
    remember(world, 'counter', out('counter'));
  },
  TPM2_Commit: ({ world, out }) => remember(world, 'counter', out('counter')),
};

/** Names of keys of their own go into policy digests. */
function taint(world: World, { command, handles, values }: Done): void {
  const session = handles.map(([handle]) => findSession(world, handle)).find(found => found !== undefined);
  if (!session || kindOf(session) === 'hmac') return;
  if (command.name === 'TPM2_PolicyOR') {
    session.tainted = Array.isArray(values.pHashList) && values.pHashList.some(item => item instanceof Twin && differs(item));
    return;
  }
  const named = handles.some(([handle]) => findThing(world, handle)?.same === false);
  if (named || Object.values(values).some(value => value instanceof Twin && differs(value))) session.tainted = true;
}
const differs = ({ sides: [a, b] }: Twin): boolean => a instanceof Uint8Array && b instanceof Uint8Array && toHex(a) !== toHex(b);

export async function learn(exchange: Exchange, done: Done): Promise<void> {
  const { world } = exchange;
  const { command, handles, values, auths, said } = done;
  for (const auth of auths) {
    if (!('session' in auth)) continue;
    if ((auth.attributes & CONTINUE) === 0) world.sessions = world.sessions.filter(session => session !== auth.session);
    auth.session.tainted = false; // a policy is void after its use
  }
  await LESSONS[command.name]?.({
    exchange,
    world,
    done,
    handle: [said[0].handle, said[1].handle],
    first: handles[0]?.[0] ?? 0,
    out: name => [said[0].out[name] as never, said[1].out[name] as never],
    given: name => [forSide(values[name], 0) as never, forSide(values[name], 1) as never],
  });
  if (command.name.startsWith('TPM2_NV_')) for (const { handle } of world.indices) await exchange.readNvName(handle);
  if (command.name.startsWith('TPM2_Policy') && command.name !== 'TPM2_PolicyRestart') taint(world, done);
}
