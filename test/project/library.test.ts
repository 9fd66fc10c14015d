import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

const run = promisify(execFile);
const asModule = (text: string): string => `data:text/javascript,${encodeURIComponent(text)}`;

describe('The library, used by another project', function () {
  this.timeout(120_000);

  it('runs the example of fixtures/examples with mocha', async () => {
    // The package by its name, but the sources in the place of what the build made of them: that may be old.
    const source = JSON.stringify(pathToFileURL('src/index.ts').href);
    const hooks = asModule(`export const resolve = (name, context, next) =>
      name === 'svm-sim' ? { url: ${source}, format: 'module', shortCircuit: true } : next(name, context);`);
    const register = asModule(`import { register } from 'node:module'; register(${JSON.stringify(hooks)});`);
    const argv = ['--import', 'tsx', '--import', register, 'node_modules/mocha/bin/mocha.js', '--no-config', '--timeout', '60000'];
    const { stdout } = await run(process.execPath, [...argv, 'fixtures/examples/mocha.test.mjs'], {
      env: { ...process.env, NO_COLOR: '1' },
    });
    expect(stdout)
      .to.match(/2 passing/)
      .and.not.to.match(/failing/);
  });
});
