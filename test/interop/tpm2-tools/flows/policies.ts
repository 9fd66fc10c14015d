import { type Flow, fails, flow, prints, type Step, same } from '../flow.ts';

const TRIAL = 'tpm2_startauthsession -S s';
const POLICY = 'tpm2_startauthsession --policy-session -S s';
const FLUSH = 'tpm2_flushcontext s';
const PARENT = 'tpm2_createprimary -Q -C o -G ecc -c p';
const UNSEAL = 'tpm2_unseal -c k -p session:s -o m';

interface Assertions {
  readonly before?: readonly Step[];
  /** The policy's steps, on session `s`; the last of them writes `policy` in the trial. */
  readonly steps: readonly string[];
  /** Whether the steps need more in a real session. */
  readonly really?: readonly Step[];
  readonly password?: string;
  readonly unseal?: string;
  /** What makes the policy fail, and how it then does. */
  readonly breaking?: readonly Step[];
}

/** A secret is sealed to a policy, unsealed by it, and not without it. */
function sealed(name: string, { before = [], steps, really, password, unseal = UNSEAL, breaking = [] }: Assertions): Flow {
  const trial = steps.map((step, i) => (i === steps.length - 1 ? `${step} -L policy` : step));
  return flow(
    `policy: ${name}`,
    ...before,
    TRIAL,
    ...trial,
    FLUSH,
    PARENT,
    `tpm2_create -Q -C p -i msg -L policy ${password ? `-p ${password}` : ''} -a 'fixedtpm|fixedparent' -c k`,
    POLICY,
    fails('0x99d|0x9a|0x98e', unseal),
    'tpm2_policyrestart -S s',
    ...(really ?? steps),
    unseal,
    FLUSH,
    same('m', 'msg'),
    ...(breaking.length > 0 ? [POLICY, ...breaking, FLUSH] : []),
  );
}

const NV = '0x1500030';

export const policies = [
  sealed('PCR', {
    steps: ['tpm2_policypcr -S s -l sha256:23'],
    breaking: [
      'tpm2_policypcr -S s -l sha256:23',
      `tpm2_pcrextend 23:sha256=${'2'.repeat(64)}`,
      'tpm2_policyrestart -S s',
      'tpm2_policypcr -S s -l sha256:23',
      fails('0x99d', UNSEAL),
    ],
  }),
  sealed('PCR whose change is counted', {
    steps: ['tpm2_policypcr -S s -l sha256:3'],
    breaking: ['tpm2_policypcr -S s -l sha256:3', `tpm2_pcrextend 4:sha256=${'2'.repeat(64)}`, fails('0x128', UNSEAL)],
  }),
  sealed('command code', {
    steps: ['tpm2_policycommandcode -S s TPM2_CC_Unseal'],
    breaking: ['tpm2_policycommandcode -S s TPM2_CC_Certify', fails('0x9a4|0x99d', UNSEAL)],
  }),
  sealed('auth value', {
    password: 'secret',
    steps: ['tpm2_policyauthvalue -S s'],
    unseal: 'tpm2_unseal -c k -p session:s+secret -o m',
    breaking: ['tpm2_policyauthvalue -S s', fails('0x98e|0x9a2', 'tpm2_unseal -c k -p session:s+wrong')],
  }),
  sealed('password', { password: 'secret', steps: ['tpm2_policypassword -S s'], unseal: 'tpm2_unseal -c k -p session:s+secret -o m' }),
  sealed('locality', {
    steps: ['tpm2_policylocality -S s zero'],
    breaking: ['tpm2_policylocality -S s one', fails('0x907|0x99d', UNSEAL)],
  }),
  sealed('OR of two', {
    before: [TRIAL, 'tpm2_policypcr -S s -l sha256:23 -L a', FLUSH, TRIAL, 'tpm2_policycommandcode -S s -L b TPM2_CC_Certify', FLUSH],
    steps: ['tpm2_policyor -S s sha256:a,b'],
    really: ['tpm2_policypcr -S s -l sha256:23', 'tpm2_policyor -S s sha256:a,b'],
    breaking: [fails('0x1c4', 'tpm2_policyor -S s sha256:a,b')],
  }),
  sealed('secret of a hierarchy', {
    before: ['tpm2_changeauth -c e secret'],
    steps: ['tpm2_policysecret -S s -c e secret'],
    breaking: [fails('0x9a2|0x98e', 'tpm2_policysecret -S s -c e wrong')],
  }),
  sealed('secret of an object', {
    before: ['tpm2_createprimary -Q -C o -G ecc -p secret -c other'],
    steps: ['tpm2_policysecret -S s -c other secret'],
  }),
  sealed('signed, with a nonce and an end', {
    before: [
      'tpm2_loadexternal -Q -C o -G rsa -u $KEYS/rsa.pub -c signer -n name',
      'printf "\\0\\0\\0\\0" >raw',
      'openssl dgst -sha256 -sign $KEYS/rsa.pem -out sig raw',
    ],
    steps: ['tpm2_policysigned -S s -c signer -g sha256 -s sig -f rsassa'],
    breaking: [
      'openssl dgst -sha256 -sign $KEYS/rsa.pem -out bad msg',
      fails('0x2db|0x5db|0x', 'tpm2_policysigned -S s -c signer -g sha256 -s bad -f rsassa'),
    ],
  }),
  flow(
    'policy: signed once, then by its ticket',
    'tpm2_loadexternal -Q -C o -G rsa -u $KEYS/rsa.pub -c signer -n name',
    POLICY,
    'tpm2_policysigned -S s -g sha256 -c signer -t -30 --raw-data raw',
    'openssl dgst -sha256 -sign $KEYS/rsa.pem -out sig raw',
    'tpm2_policysigned -S s -g sha256 -c signer -s sig -f rsassa -t -30 --ticket tk --timeout end -L policy',
    'tpm2_policyrestart -S s',
    'tpm2_policyticket -S s -n name --ticket tk --timeout end -L again',
    FLUSH,
    same('policy', 'again'),
  ),
  flow(
    'policy: secret with a ticket',
    POLICY,
    'tpm2_policysecret -S s -c o -t -30 --ticket tk --timeout end -L policy',
    FLUSH,
    'test -s tk',
  ),
  sealed('authorized by a key, and changed by it', {
    before: [
      'tpm2_loadexternal -Q -C o -G rsa -u $KEYS/rsa.pub -c signer -n name',
      TRIAL,
      'tpm2_policypcr -S s -l sha256:23 -L approved',
      FLUSH,
      'openssl dgst -sha256 -sign $KEYS/rsa.pem -out sig approved',
      'tpm2_verifysignature -Q -c signer -g sha256 -m approved -s sig -f rsassa -t tk',
      TRIAL,
      'tpm2_policyauthorize -S s -i approved -n name -t tk -L policy',
      FLUSH,
    ],
    steps: ['tpm2_policypcr -S s -l sha256:23', 'tpm2_policyauthorize -S s -i approved -n name -t tk'],
    breaking: ['tpm2_policypcr -S s -l sha256:22', fails('0x1c4', 'tpm2_policyauthorize -S s -i approved -n name -t tk')],
  }),
  sealed('contents of an NV Index', {
    before: [
      `tpm2_nvdefine -Q -C o -s 2 -a 'ownerread|ownerwrite|authread|authwrite' ${NV}`,
      `printf '\\0\\7' | tpm2_nvwrite -Q -C o -i- ${NV}`,
      "printf '\\0\\5' >five",
    ],
    steps: [`tpm2_policynv -S s -C o -i five ${NV} ugt`],
    breaking: [fails('0x126', `tpm2_policynv -S s -C o -i five ${NV} ult`)],
  }),
  sealed('the TPM clock and counters', {
    before: ['printf "\\0\\0\\0\\0\\0\\0\\0\\0" >none'],
    steps: ['tpm2_policycountertimer -S s --uge clock=0'],
    breaking: [fails('0x126', 'tpm2_policycountertimer -S s --ult clock=0')],
  }),
  flow(
    'policy: cpHash of an NV command',
    `tpm2_nvdefine -Q -C o -s 10 -a 'ownerread|ownerwrite|policywrite|authread' ${NV}`,
    `tpm2_nvwrite -Q -C o -i msg --cphash cp ${NV}`,
    TRIAL,
    'tpm2_policycphash -S s --cphash cp -L policy',
    FLUSH,
    'test $(stat -c %s policy) = 32',
    POLICY,
    'tpm2_policycphash -S s --cphash cp -L again',
    fails('', 'tpm2_policycphash -S s --cphash msg'),
    FLUSH,
    same('policy', 'again'),
  ),
  flow(
    'policy: Names of the objects',
    PARENT,
    'tpm2_readpublic -Q -c p -n name',
    'openssl dgst -sha256 -binary -out digest name',
    TRIAL,
    'tpm2_policynamehash -S s -n digest -L policy',
    FLUSH,
    POLICY,
    'tpm2_policynamehash -S s -n digest -L again',
    fails('0x', 'tpm2_policytemplate -S s --template-hash digest'),
    FLUSH,
    same('policy', 'again'),
  ),
  flow(
    'policy: template of what may be made',
    PARENT,
    'tpm2_create -Q -C p -G ecc -u u -r r',
    'tail -c +3 u | openssl dgst -sha256 -binary >digest',
    TRIAL,
    'tpm2_policytemplate -S s --template-hash digest -L policy',
    FLUSH,
    'test $(stat -c %s policy) = 32',
  ),
  flow(
    'policy: duplication to one parent only',
    PARENT,
    'tpm2_createprimary -Q -C o -G rsa -c np -a "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|decrypt"',
    'tpm2_readpublic -Q -c np -n np.name -o np.pub',
    TRIAL,
    'tpm2_policyduplicationselect -S s -N np.name -L policy',
    FLUSH,
    "tpm2_create -Q -C p -G ecc256 -L policy -a 'sensitivedataorigin|userwithauth|sign' -u u -r r",
    'tpm2_load -Q -C p -u u -r r -c k -n k.name',
    POLICY,
    'tpm2_policyduplicationselect -S s -N np.name -n k.name',
    'tpm2_duplicate -Q -C np -c k -G null -p session:s -r dup -s seed',
    FLUSH,
    'tpm2_import -Q -C np -u u -i dup -r r2 -s seed',
    'tpm2_load -Q -C np -u u -r r2 -c k2',
    'tpm2_sign -Q -c k2 -g sha256 -o sig msg',
    'tpm2_verifysignature -Q -c k -g sha256 -m msg -s sig',
  ),
  flow(
    'duplication with an inner key',
    PARENT,
    'tpm2_createprimary -Q -C o -G ecc -g sha256 -c np',
    TRIAL,
    'tpm2_policycommandcode -S s -L policy TPM2_CC_Duplicate',
    FLUSH,
    "tpm2_create -Q -C p -G rsa2048 -L policy -a 'sensitivedataorigin|userwithauth|decrypt|sign' -u u -r r",
    'tpm2_load -Q -C p -u u -r r -c k',
    'head -c 16 /dev/urandom >inner',
    POLICY,
    'tpm2_policycommandcode -S s TPM2_CC_Duplicate',
    'tpm2_duplicate -Q -C np -c k -G aes -i inner -p session:s -r dup -s seed',
    FLUSH,
    'tpm2_import -Q -C np -G aes -k inner -u u -i dup -r r2 -s seed',
    'tpm2_load -Q -C np -u u -r r2 -c k2',
    'tpm2_rsaencrypt -c k -o c msg',
    'tpm2_rsadecrypt -c k2 -o m c',
    same('m', 'msg'),
  ),
  flow(
    'policy: an NV Index that was written, or not',
    TRIAL,
    'tpm2_policynvwritten -S s -L policy c',
    FLUSH,
    `tpm2_nvdefine -Q -C o -s 10 -L policy -a 'policywrite|ownerread|authread' ${NV}`,
    POLICY,
    'tpm2_policynvwritten -S s c',
    `tpm2_nvwrite -Q -C ${NV} -P session:s -i msg ${NV}`,
    'tpm2_policyrestart -S s',
    'tpm2_policynvwritten -S s c',
    fails('0x99d', `tpm2_nvwrite -Q -C ${NV} -P session:s -i msg ${NV}`),
    FLUSH,
  ),
  flow(
    'policy: one that stands in an NV Index',
    TRIAL,
    'tpm2_policypcr -S s -l sha256:23 -L inner',
    FLUSH,
    `tpm2_nvdefine -Q -C o -s 34 -a 'ownerread|ownerwrite|authread|authwrite' ${NV}`,
    `(printf '\\0\\013'; cat inner) | tpm2_nvwrite -Q -C o -i- ${NV}`,
    TRIAL,
    `tpm2_policyauthorizenv -Q -S s -C o -L policy ${NV}`,
    FLUSH,
    PARENT,
    'tpm2_create -Q -C p -i msg -L policy -c k',
    POLICY,
    'tpm2_policypcr -S s -l sha256:23',
    `tpm2_policyauthorizenv -Q -S s -C o ${NV}`,
    UNSEAL,
    'tpm2_policyrestart -S s',
    fails('0x', `tpm2_policyauthorizenv -Q -S s -C o ${NV}`),
    FLUSH,
    same('m', 'msg'),
  ),
  flow(
    'policy digests are computed alike in trial and real sessions',
    ...[TRIAL, POLICY].flatMap((start, i) => [
      start,
      'tpm2_policyauthvalue -S s',
      'tpm2_policycommandcode -S s TPM2_CC_RSA_Decrypt',
      `tpm2_policylocality -S s zero -L d${i}`,
      FLUSH,
    ]),
    same('d0', 'd1'),
    prints('^[0-9a-f]{64}$', 'xxd -p -c 99 d0'),
  ),
];
