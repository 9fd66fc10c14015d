import { loadScenario, parseScenario, scenarioJsonSchema } from './index.ts';

for (const f of ['first-boot', 'fresh-host']) {
  const s = await loadScenario(`fixtures/scenarios/${f}.yaml`);
  console.log(f, s.files.size);
}
const bad = `version: 2
seeed: 1
host: { profile: documentd, firmware: { wrappingKey: x.pem } }
guests:
  - name: vm
    lpid: 0
    memory: 512 MB
    kernal: ../observed/esm/02-three-recipients/kernel.bin
    initrd: ../observed/esm/02-three-recipients/initrd.imgg
    bootargs: 7
    rtas: ../observed/esm/02-three-recipients/rtas.bin
    esm: { blob: x, recipe: y }
steps:
  - do: boot
    expect: { result: U_SUCESS }
  - do: strat
  - do: get-file
    expect: { bytes: { text: 7 } }
  - boot
`;
try {
  await parseScenario(bad, 'fixtures/scenarios/bad.yaml');
} catch (e: any) {
  for (const p of e.problems) console.log(`${p.line}:${p.column} ${p.what}\n   ${p.hint ?? ''}`);
}
console.log(JSON.stringify(scenarioJsonSchema()).length);
