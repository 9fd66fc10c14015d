import { expect } from 'chai';
import { qemuArguments, readDomain, schemaProblems } from '../../../src/machine/index.ts';
import { SimulatorError } from '../../../src/sim/index.ts';

/** A domain with these devices; the first of them stands in line 3. */
const domainWith = (devices: string, type = `<type arch='ppc64le' machine='pseries'>hvm</type>`): string =>
  `<domain type='kvm'>\n<name>svm1</name><os>${type}</os><devices>\n${devices}\n</devices></domain>\n`;

const PROXY = `<tpm model='spapr-tpm-proxy'><backend type='passthrough'><device path='/dev/tpmrm0'/></backend></tpm>`;
const VTPM = `<tpm><backend type='emulator'/></tpm>`;

function refusal(text: string): SimulatorError {
  try {
    qemuArguments(readDomain(text, 'svm1.xml'), { probe: () => 'Permission denied', file: 'svm1.xml' });
  } catch (error) {
    if (error instanceof SimulatorError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('the TPM devices of a domain definition', () => {
  it('have libvirt’s defaults: model by architecture, version, path, alias, unit address', () => {
    const { tpms, name, emulator } = readDomain(domainWith(`${VTPM}${PROXY}`), 'svm1.xml');
    expect({ name, emulator }).to.deep.equal({ name: 'svm1', emulator: '/usr/bin/qemu-system-ppc64' });
    expect(tpms.map(({ alias, model, reg }) => ({ alias, model, reg }))).to.deep.equal([
      { alias: 'tpm0', model: 'tpm-spapr', reg: 0x4000 },
      { alias: 'tpm1', model: 'spapr-tpm-proxy', reg: undefined },
    ]);
    expect(tpms[0]?.backend).to.include({ type: 'emulator', version: '2.0' });
    const x86 = readDomain(domainWith(VTPM, `<type arch='x86_64'>hvm</type>`), 'svm1.xml').tpms[0];
    expect(x86).to.include({ model: 'tpm-tis' });
    expect(x86?.backend).to.include({ version: '1.2' });
  });

  it('keep a unit address and an alias of the user, and step over addresses that are taken', () => {
    const disk = `<disk><address type='spapr-vio' reg='0x00004000'/></disk>`;
    expect(readDomain(domainWith(`${disk}${VTPM}`), 'x').tpms[0]?.reg).to.equal(0x5000);
    const own = `<tpm><backend type='emulator'/><alias name='ua-mine'/><address type='spapr-vio' reg='0x7000'/></tpm>`;
    expect(readDomain(domainWith(own), 'x').tpms[0]).to.include({ alias: 'ua-mine', reg: 0x7000 });
    const taken = `${disk}<tpm><backend type='emulator'/><address type='spapr-vio' reg='0x4000'/></tpm>`;
    expect(refusal(domainWith(taken)).what).to.equal('XML error: spapr-vio address 0x4000 already in use');
  });

  it('become options of QEMU: a socket of one’s own, commas doubled where QEMU takes them for the end of a value', () => {
    const external = `<tpm><backend type='external'><source type='unix' mode='connect' path='/run/a,b.sock'/></backend></tpm>`;
    expect(qemuArguments(readDomain(domainWith(external), 'x')).slice(0, 2)).to.deep.equal([
      ['-chardev', 'socket,id=chrtpm,path=/run/a,,b.sock'],
      ['-tpmdev', 'emulator,id=tpm-tpm0,chardev=chrtpm'],
    ]);
    const [chardev] = qemuArguments(readDomain(domainWith(VTPM), 'x'), { tpmSocket: '/run/swtpm.sock' });
    expect(chardev).to.deep.equal(['-chardev', 'socket,id=chrtpm,path=/run/swtpm.sock']);
    const passthrough = readDomain(domainWith(`<tpm><backend type='passthrough'/></tpm>`), 'x');
    expect(qemuArguments(passthrough)[0]).to.deep.equal(['-tpmdev', 'passthrough,id=tpm-tpm0,path=/dev/tpm0']);
  });

  for (const [what, devices, where, message] of [
    ['no backend', '<tpm/>', '3:1', 'XML error: missing TPM device backend'],
    ['a backend without type', '<tpm><backend/></tpm>', '3:6', 'XML error: missing TPM device backend type'],
    [
      'an unknown backend',
      `<tpm><backend type='emulater'/></tpm>`,
      '3:6',
      "unsupported configuration: Unknown TPM backend type 'emulater'",
    ],
    [
      'an unknown version',
      `<tpm><backend type='emulator' version='3.0'/></tpm>`,
      '3:6',
      "XML error: Invalid value for attribute 'version' in element 'backend': '3.0'.",
    ],
    [
      'TPM 1.2 on the VIO bus',
      `<tpm><backend type='emulator' version='1.2'/></tpm>`,
      '3:1',
      'unsupported configuration: TPM 1.2 is not supported with the SPAPR device model',
    ],
    [
      'an unknown PCR bank',
      `<tpm><backend type='emulator'><active_pcr_banks><sha3/></active_pcr_banks></backend></tpm>`,
      '3:49',
      "unsupported configuration: Unsupported PCR banks 'sha3'",
    ],
    [
      'a secret that is no UUID',
      `<tpm><backend type='emulator'><encryption secret='x'/></backend></tpm>`,
      '3:31',
      "internal error: Unable to parse secret uuid 'x'",
    ],
    ['a second proxy', `${PROXY}\n${PROXY}`, '4:1', 'unsupported configuration: only a single TPM Proxy device is supported'],
    [
      'a device that cannot be opened',
      `<tpm><backend type='passthrough'/></tpm>`,
      '3:1',
      'Could not open TPM device /dev/tpm0: Permission denied',
    ],
  ] as const) {
    it(`are refused with their place: ${what}`, () => {
      const { where: at, what: said } = refusal(domainWith(devices));
      expect(said).to.equal(message);
      expect(at).to.equal(`svm1.xml:${where}`);
    });
  }

  it('have a hint where a name is misspelt', () => {
    expect(refusal(domainWith(`<tpm model='spapr-tpm-prox'><backend type='passthrough'/></tpm>`)).hint).to.contain('"spapr-tpm-proxy"');
  });

  it('are held against the schema apart from libvirt’s own rules', () => {
    const text = domainWith(`<tpm><backend type='passthrough'><device path=''/></backend><speed/></tpm>`);
    expect(readDomain(text, 'x').tpms).to.have.length(1);
    expect(schemaProblems(text, 'x').map(({ what }) => what)).to.deep.equal(['a path that is not empty', 'no <speed> in a <tpm>']);
  });
});

describe('XML of a domain', () => {
  for (const [what, text] of [
    ['an entity of its own', `<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><domain><name>&x;</name></domain>`],
    ['a document type alone', '<!DOCTYPE domain><domain/>'],
    ['an undefined entity', '<domain>&laughs;</domain>'],
    ['an attribute without quotes', '<domain type=kvm/>'],
    ['an attribute twice', `<domain type='a' type='b'/>`],
    ['an open end', '<domain><devices>'],
    ['two roots', '<domain/><domain/>'],
    ['nothing', ''],
    ['no XML at all', '{"domain": 1}'],
    ['elements a thousand deep', `${'<domain>'.repeat(1000)}${'</domain>'.repeat(1000)}`],
  ] as const) {
    it(`is refused: ${what}`, () => {
      const { code, where } = refusal(text);
      expect(code).to.equal('domain.xml');
      expect(where).to.match(/^svm1\.xml:\d+:\d+$/);
    });
  }

  it('may have character references, comments and the five entities of XML', () => {
    const text = `<?xml version='1.0'?><!-- &x; --><domain><name>a&amp;&#98;<![CDATA[<c>]]></name></domain>`;
    expect(readDomain(text, 'x').name).to.equal('a&b<c>');
  });

  it('must be a domain', () => {
    expect(refusal('<network/>').what).to.equal('XML error: unexpected root element <network>, expecting <domain>');
  });
});
