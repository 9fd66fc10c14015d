/** What QEMU 7.2 says to these options, beside the recorded ones. The interop test asks the installed QEMU the same. */
export const REFUSED: readonly (readonly [options: readonly string[], stderr: readonly string[]])[] = [
  [
    ['-device', 'spapr-tpm-proxy,id=1a,host-path=x'],
    [
      "-device spapr-tpm-proxy,id=1a,host-path=x: Parameter 'id' expects an identifier",
      "Identifiers consist of letters, digits, '-', '.', '_', starting with a letter.",
    ],
  ],
  [
    ['-device', '{"driver":"spapr-tpm-proxy","host-path":"a","id":"p"}', '-device', '{"driver":"tpm-spapr","id":"p"}'],
    [`-device {"driver":"tpm-spapr","id":"p"}: Duplicate device ID 'p'`],
  ],
  [['-device', ''], ["-device : Parameter 'driver' is missing"]],
  [['-device', 'id=x'], ["-device id=x: Parameter 'driver' is missing"]],
  [['-device', '{"host-path":"x"}'], [`-device {"host-path":"x"}: Parameter 'driver' is missing`]],
  [['-device', '{"driver":"spapr-tpm-proxy"'], ['-device {"driver":"spapr-tpm-proxy": JSON parse error, premature EOI']],
  [['-device'], ['-device: requires an argument']],
  [['-device', 'tpm-crb'], ["-device tpm-crb: 'tpm-crb' is not a valid device model name"]],
  [['-device', 'tpm-spapr,foo=x'], ["-device tpm-spapr,foo=x: Property 'tpm-spapr.foo' not found"]],
  [['-device', 'tpm-spapr,bus=spapr-vio'], ["-device tpm-spapr,bus=spapr-vio: 'tpmdev' property is required"]],
  [['-device', '{"driver":"tpm-spapr","reg":"0x4000"}'], [`-device {"driver":"tpm-spapr","reg":"0x4000"}: Parameter 'reg' expects uint64`]],
  [
    ['-global', 'spapr-tpm-proxy.foo=x', '-device', 'spapr-tpm-proxy,host-path=x'],
    ["-device spapr-tpm-proxy,host-path=x: can't apply global spapr-tpm-proxy.foo=x: Property 'spapr-tpm-proxy.foo' not found"],
  ],
  [['-tpmdev', 'emulator,id=tpm0'], ["-tpmdev emulator,id=tpm0: tpm-emulator: parameter 'chardev' is missing"]],
  [['-tpmdev', 'emulator,id=tpm0,chardev=no'], ["-tpmdev emulator,id=tpm0,chardev=no: tpm-emulator: tpm chardev 'no' not found"]],
  [['-tpmdev', 'emulator'], ["-tpmdev emulator: Parameter 'id' is missing"]],
  [
    ['-tpmdev', 'foo,id=tpm0'],
    [
      "-tpmdev foo,id=tpm0: Parameter 'type' expects a TPM backend type",
      'Supported TPM types (choose only one):',
      ' passthrough   Passthrough TPM backend driver',
      '    emulator   TPM emulator backend driver',
    ],
  ],
  [['-tpmdev', 'passthrough,id=tpm0,path=/dev/null'], ["-tpmdev passthrough,id=tpm0,path=/dev/null: '/dev/null' is not a TPM device."]],
  [['-tpmdev', 'passthrough,id=a,foo=1'], ["-tpmdev passthrough,id=a,foo=1: Invalid parameter 'foo'"]],
  [['-chardev', 'null'], ['-chardev null: chardev: no id specified']],
  [['-chardev', 'nul,id=c'], ["-chardev nul,id=c: 'nul' is not a valid char driver name"]],
  [['-object', 'pef-guest'], ["-object pef-guest: Parameter 'id' is missing"]],
  [['-foo'], ['-foo: invalid option']],
];
