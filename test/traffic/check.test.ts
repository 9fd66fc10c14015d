import { expect } from 'chai';
import { fromHex } from '../../src/bytes/index.ts';
import { MessageFinder, RULES, TrafficChecker } from '../../src/traffic/index.ts';
import { svmSim } from '../cli/stand-in-io.ts';

const u16 = (value: number): string => value.toString(16).padStart(4, '0');
const u32 = (value: number): string => value.toString(16).padStart(8, '0');
const command = (code: number, body = '', tag = '8001'): string => tag + u32(10 + body.length / 2) + u32(code) + body;
const response = (rc = 0, body = '', tag = '8001'): string => tag + u32(10 + body.length / 2) + u32(rc) + body;
const nonce = (byte: string): string => `0010${byte.repeat(16)}`;

const OBJECT = '80000000';
const SESSION = '02000000';
/** A hash sequence: the shortest command that makes an object. */
const START_SEQUENCE = [command(0x186, '0000000b'), response(0, OBJECT)];
const FLUSH = (handle: string): string[] => [command(0x165, handle), response()];
const START_SESSION = [command(0x176, `4000000740000007${nonce('c0')}0000000010000b`), response(0, SESSION + nonce('a0'))];
/** GetRandom with an audit session. */
const withSession = (caller: string, tpm: string, attributes = '81', rc = 0): string[] => {
  const area = `${SESSION}${nonce(caller)}${attributes}0000`;
  return [
    command(0x17b, `${u32(area.length / 2)}${area}0008`, '8002'),
    rc ? response(rc) : response(0, `${u32(10)}0008${'11'.repeat(8)}${nonce(tpm)}${attributes}0000`, '8002'),
  ];
};
const contextSave = (handle: string, sequence: number): string[] => [
  command(0x162, handle),
  response(0, `00000000${u32(sequence)}${handle}40000007${u16(4)}deadbeef`),
];
const contextLoad = (handle: string, sequence: number): string[] => [
  command(0x161, `00000000${u32(sequence)}${handle}40000007${u16(4)}deadbeef`),
  response(0, handle),
];
const RANDOM = [command(0x17b, '0008'), response(0, `0008${'22'.repeat(8)}`)];
const gapOf = (most: number): string[] => [
  command(0x17a, `00000006${u32(0x114)}${u32(1)}`),
  response(0, `00${u32(6)}${u32(1)}${u32(0x114)}${u32(most)}`),
];

/** Findings as `rule message: what`. */
function check(...parts: readonly (readonly string[])[]): string[] {
  const finder = new MessageFinder();
  const checker = new TrafficChecker();
  const messages = [...finder.push(fromHex(parts.flat().join(''))), ...finder.end().messages];
  expect(messages.map(({ inspected }) => inspected.fault).filter(Boolean)).to.deep.equal([]);
  return [...messages.flatMap(message => checker.push(message)), ...checker.end()].map(
    ({ rule, number, what }) => `${rule} ${number}: ${what}`,
  );
}

/** For each rule a stream that breaks it, and one that does nearly the same and does not. */
const CASES: Readonly<
  Record<string, { readonly broken: readonly (readonly string[])[]; readonly says: string; readonly fine: readonly (readonly string[])[] }>
> = {
  'handle-after-flush': {
    broken: [START_SEQUENCE, FLUSH(OBJECT), [command(0x173, OBJECT), response(0x18b)]],
    says: 'handle-after-flush 5: TPM2_ReadPublic names 0x80000000; message 3 was TPM2_FlushContext',
    fine: [START_SEQUENCE, FLUSH(OBJECT), START_SEQUENCE, FLUSH(OBJECT)],
  },
  'session-past-its-end': {
    broken: [START_SESSION, withSession('c1', 'a1', '80'), withSession('c2', '', '80', 0x918)],
    says: 'session-past-its-end 5: TPM2_GetRandom names session 0x02000000; message 3 did not ask to continue it',
    fine: [START_SESSION, withSession('c1', 'a1'), withSession('c2', 'a2', '80')],
  },
  'nonce-does-not-roll': {
    broken: [START_SESSION, withSession('c1', 'a1'), withSession('c2', 'a1', '80')],
    says: 'nonce-does-not-roll 5: nonceTPM of session 0x02000000 is the one before',
    fine: [START_SESSION, withSession('c1', 'a1'), withSession('c2', 'a2', '80')],
  },
  'retry-not-retried': {
    broken: [[command(0x17b, '0010'), response(0x922)], RANDOM],
    says: 'retry-not-retried 3: TPM2_GetRandom of message 1 was answered with TPM_RC_RETRY; something else came next',
    fine: [[command(0x17b, '0008'), response(0x922)], RANDOM],
  },
  'lockout-approaches': {
    broken: [[command(0x17b, '0008'), response(0x98e)]],
    says: 'lockout-approaches 1: TPM2_GetRandom: failure 1',
    fine: [[command(0x17b, '0008'), response(0x9a2)]], // TPM_RC_BAD_AUTH: it does not count
  },
  'context-loaded-twice': {
    broken: [START_SESSION, contextSave(SESSION, 1), contextLoad(SESSION, 1), contextLoad(SESSION, 1), FLUSH(SESSION)],
    says: 'context-loaded-twice 7: message 5 loaded this context',
    fine: [
      START_SESSION,
      contextSave(SESSION, 1),
      contextLoad(SESSION, 1),
      contextSave(SESSION, 2),
      contextLoad(SESSION, 2),
      FLUSH(SESSION),
    ],
  },
  'context-gap-grows': {
    broken: [gapOf(8), contextSave(SESSION, 1), contextSave('02000001', 5), contextSave('02000001', 6)],
    says: 'context-gap-grows 7: session 0x02000000, saved in message 3, is 4 saves behind; 8 are possible',
    fine: [gapOf(8), contextSave(SESSION, 1), contextSave('02000001', 3), contextSave('02000001', 4)],
  },
  'needs-a-resource-manager': {
    broken: [START_SEQUENCE, [command(0x186, '0000000b'), response(0x902)], FLUSH(OBJECT)],
    says: 'needs-a-resource-manager 3: TPM2_HashSequenceStart: 1 objects and sessions of this conversation are loaded; a resource manager would have made room',
    fine: [START_SEQUENCE, FLUSH(OBJECT)],
  },
  'left-open': {
    broken: [START_SESSION, RANDOM],
    says: 'left-open 1: session 0x02000000 is never flushed',
    fine: [START_SESSION, FLUSH(SESSION)],
  },
};

describe('decode --check', () => {
  it('has a case for every rule', () => {
    expect(Object.keys(CASES)).to.have.members(RULES.map(({ name }) => name));
  });
  for (const [name, { broken, says, fine }] of Object.entries(CASES)) {
    it(`finds ${name}, and nothing where it is done right`, () => {
      expect(check(...broken)).to.deep.equal([says]);
      expect(check(...fine)).to.deep.equal([]);
    });
  }

  it('prints message, rule and cure; exit status 1', async () => {
    const log = CASES['left-open']?.broken.flat().join('') as string;
    const { status, out } = await svmSim('decode', '--check', log);
    expect(out).to.match(/^#1 +left-open: session 0x02000000 is never flushed\n +TPM2_FlushContext; a resource manager/m);
    expect(status).to.equal(1);
    const right = await svmSim('decode', '--check', RANDOM.join(''));
    expect({ status: right.status, out: right.out }).to.deep.equal({ status: 0, out: '2 messages, nothing found\n' });
  });
});
