import { type Difference, versionsOf } from '../../sim/index.ts';

/** What versions of libvirt do differently with a domain's TPM devices. */
export interface LibvirtBehaviour {
  /** How the parser of XML names the place of a mistake. */
  readonly parserPlace: 'name and line' | 'line';
}

const SHOWN = 'fixtures/observed/generations/libvirt-12.8.json';

const LIBVIRT_12_8: readonly Difference<LibvirtBehaviour>[] = [
  {
    name: 'parser-place',
    about: 'the parser of XML says "at line 9: ..." where it said "(domain_definition):9: ..."',
    source: 'catchXMLError of libvirt 12.8',
    shownBy: `${SHOWN} malformed-xml`,
    set: { parserPlace: 'line' },
  },
];

export const LIBVIRT_VERSIONS = versionsOf<LibvirtBehaviour>(
  { version: '9.0', behaviour: { parserPlace: 'name and line' } },
  { version: '12.8', differences: LIBVIRT_12_8 },
);
