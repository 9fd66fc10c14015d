// Mutants of one room, MUTATED, each against that room's tests: `npm run mutation` sets it, room by room.
const room = process.env.MUTATED ?? 'bytes';

// biome-ignore lint/style/noDefaultExport: the form that Stryker reads
export default {
  testRunner: 'command',
  commandRunner: { command: `npx mocha --no-config --import=tsx --timeout 20000 --bail "test/${room}/**/*.test.ts"` },
  mutate: [`src/${room}/**/*.ts`],
  coverageAnalysis: 'off',
  concurrency: 2,
  reporters: ['clear-text'],
  clearTextReporter: { allowColor: false, reportTests: false, logTests: false },
  tempDirName: '.stryker-tmp',
  // TypeScript 7 has no interface for programs, which Stryker would ask to rewrite a tsconfig: it finds none.
  tsconfigFile: 'no-tsconfig.json',
};
