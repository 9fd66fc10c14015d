import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { type Browser, chromium, type Page } from 'playwright-core';
import { readTrace, type TracedRun, toReport } from '../../src/trace/index.ts';
import { svmSim } from '../cli/stand-in-io.ts';
import { longRun } from '../trace/long-run.ts';
import { CHROMIUM, FLAGS, SHOTS } from './chromium.ts';

// What runs in the page is text: Node's types know no document.
const PAGE_WITHOUT_SCRIPTS = `(() => {
  const copy = document.body.cloneNode(true);
  for (const script of copy.querySelectorAll('script')) script.remove();
  return copy.outerHTML;
})()`;
const HYPERVISORS_BLOCKS = `(async () => {
  const { viewpoints } = JSON.parse(document.getElementById('about-data').textContent);
  const parts = [];
  for (const block of document.querySelectorAll('script.block')) {
    if ((Number(block.dataset.mask) & (1 << viewpoints.indexOf('hypervisor'))) === 0) continue;
    const bytes = Uint8Array.from(atob(block.textContent), char => char.charCodeAt(0));
    parts.push(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'))).text());
  }
  return parts;
})()`;
const SCROLL_THROUGH = `(async () => {
  const scroller = document.getElementById('scroller');
  const started = performance.now();
  for (let i = 0; i < 60; i++) {
    scroller.scrollTop = (scroller.scrollHeight / 60) * i;
    await new Promise(requestAnimationFrame);
  }
  return (performance.now() - started) / 60;
})()`;

describe('The report in Chromium', function () {
  this.timeout(120_000);
  if (!existsSync(CHROMIUM)) {
    it(`needs ${CHROMIUM}, which is not installed`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-report-'));
  const file = join(folder, 'report.html');
  let browser: Browser;
  let page: Page;
  let run: TracedRun;
  const troubles: string[] = [];
  before(async () => {
    const trace = join(folder, 'trace');
    const made = await svmSim('run', '--quiet', '--trace', trace, '--report', file, 'fixtures/scenarios/first-boot.yaml');
    expect(made.status).to.equal(0);
    run = (await readTrace(trace)).runs[0] as TracedRun;
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  });
  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });
  afterEach(async () => {
    await page.close();
    expect(troubles.splice(0)).to.deep.equal([]);
  });

  /** Opens a page from disk and watches for complaints and for requests that leave it. */
  async function open(path: string, hash = '', width = 1440, height = 900): Promise<void> {
    page = await browser.newPage({ viewport: { width, height } });
    page.on('console', message => troubles.push(`console: ${message.text()}`));
    page.on('pageerror', error => troubles.push(`error: ${error.message}`));
    page.on('request', request => {
      if (!request.url().startsWith('file:') && !request.url().startsWith('data:')) troubles.push(`request: ${request.url()}`);
    });
    await page.goto(`${pathToFileURL(path).href}${hash}`);
    await page.waitForSelector('.row[aria-selected="true"]');
  }
  const selected = () => page.locator('.row[aria-selected="true"]').textContent();
  /** Once colours have changed: they take their time. */
  const shot = async (name: string) => {
    if (!SHOTS) return;
    await page.waitForTimeout(500);
    await page.screenshot({ path: join(SHOTS, `${name}.png`) });
  };
  const seqOf = (name: string): number =>
    run.events.find(({ kind, data }) => kind === 'tpm.response' && 'name' in data && data.name === name)?.seq ?? -1;

  it('opens from disk and is small', async () => {
    expect(statSync(file).size).to.be.lessThan(2 << 20);
    await open(file);
    expect(await page.title()).to.contain('A guest becomes a Secure VM');
    expect(await page.locator('#about').textContent()).to.contain(`${run.events.length} events`);
    await shot('report-1440');
  });

  it('steps with the arrow keys, to the ends, and from step to step', async () => {
    await open(file);
    expect(await selected()).to.contain('#0');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await selected()).to.contain('#2');
    await page.keyboard.press('ArrowUp');
    expect(await selected()).to.contain('#1');
    await page.keyboard.press('End');
    expect(await selected()).to.contain(`#${run.events.at(-1)?.seq}`);
    await page.keyboard.press('[');
    expect(await selected()).to.contain('the hypervisor ends vm');
    expect(await page.locator('#diagram').getAttribute('aria-activedescendant')).to.match(/^row-\d+$/);
  });

  it('searches text and bytes', async () => {
    await open(file);
    await page.keyboard.press('/');
    await page.keyboard.type('rsa_decrypt');
    await page.keyboard.press('Enter');
    expect(await selected()).to.contain('TPM2_RSA_Decrypt');
    expect(await page.locator('#found').textContent()).to.equal('1 of 2');
    await page.fill('#search', '80 02 00 00 01 61');
    expect(await page.locator('#found').textContent()).to.match(/^\d+ match/);
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    expect(await page.locator('#help').textContent()).to.contain('Page Down');
    await page.keyboard.press('Escape');
  });

  it('shows bytes with their fields; pointing at a field marks its bytes', async () => {
    await open(file, `#event=${seqOf('TPM2_RSA_Decrypt')}`);
    const field = page.locator('.fields tr', { hasText: 'parameterSize' });
    await field.hover();
    expect(await page.locator('.cell.lit').allTextContents()).to.deep.equal(['00', '00', '00', '22']);
    await page.locator('.sight .cell').nth(1).hover();
    expect(await page.locator('.fields tr.lit').textContent()).to.contain('tag');
  });

  it('decrypts for whoever knows the keys, and tells how', async () => {
    await open(file, `#event=${seqOf('TPM2_RSA_Decrypt')}`);
    for (const viewpoint of ['omniscient', 'tpm', 'ultravisor']) {
      await page.click(`[data-view="${viewpoint}"]`);
      await page.waitForSelector(`body[data-viewpoint="${viewpoint}"]`);
      // The Ultravisor sees the response when the hypervisor has put it in its buffer.
      if (viewpoint === 'ultravisor') await page.locator('.row', { hasText: 'TPM2_RSA_Decrypt →' }).first().click();
      expect(await page.locator('.opened').count(), viewpoint).to.equal(1);
    }
    expect(await page.locator('.opened').textContent())
      .to.contain('KDFa')
      .and.to.contain('symmetric key of the ESM blob');
  });

  it('tells who knows what, what memory is, and what the TPM holds', async () => {
    await open(file, `#event=${seqOf('TPM2_RSA_Decrypt')}`);
    await page.keyboard.press('k');
    expect(await page.locator('.knowledge').textContent()).to.contain('session key of host');
    await shot('knowledge-1440');
    await page.keyboard.press('m');
    expect(await page.locator('.memory').textContent()).to.contain('SHARED_IMPLICIT');
    await page.keyboard.press('p');
    expect(await page.locator('.tpm-state').textContent())
      .to.contain('policy session')
      .and.to.contain('0x81800001');
  });

  it('has nothing secret in the view of the hypervisor: no text, and no data, shows a secret of the run', async () => {
    await open(file, '#view=hypervisor');
    await page.keyboard.press('r');
    const secrets = run.events.flatMap(({ kind, sights }) => (kind === 'secret' ? sights.map(({ bytes }) => bytes) : []));
    expect(secrets.length).to.be.greaterThan(3);
    const forms = secrets.flatMap(bytes => {
      const hex = Buffer.from(bytes).toString('hex');
      return [hex.slice(0, 16), hex.slice(-16), hex.replace(/../g, '$& ').slice(0, 23), Buffer.from(bytes).toString('latin1')];
    });
    const count = Number(await page.locator('#slider').getAttribute('max'));
    const expectClean = async (where: string): Promise<void> => {
      const text = await page.evaluate<string>(PAGE_WITHOUT_SCRIPTS);
      const squeezed = text.replace(/<[^>]*>|\s/g, '');
      for (const form of forms) {
        expect(text.includes(form), `${where} shows ${form}`).to.equal(false);
        expect(squeezed.includes(form.replaceAll(' ', '')), `${where} shows ${form}`).to.equal(false);
      }
    };
    for (let row = 0; row <= count; row += 1) {
      await page.keyboard.press('ArrowDown');
      if (row % 3 === 0) await expectClean(`row ${row}`);
    }
    for (const tab of ['k', 'm', 'p', 'b']) {
      await page.keyboard.press(tab);
      await expectClean(`panel ${tab}`);
    }
    const unpacked = await page.evaluate<string[]>(HYPERVISORS_BLOCKS);
    const shown = unpacked
      .flatMap(text => [text, ...[...text.matchAll(/"b":"([^"]*)"/g)].map(([, b = '']) => Buffer.from(b, 'base64').toString('latin1'))])
      .join('\n');
    const raw = secrets.map(bytes => Buffer.from(bytes).toString('latin1'));
    for (const form of [...forms, ...raw]) expect(shown.includes(form)).to.equal(false);
    expect(shown).not.to.contain('digest-kernel').and.not.to.contain('a secret is born');
    await shot('hypervisor-1440');
  });

  it('leads from an act of the adversary to the check that caught it, and tells what that check is for', async () => {
    const attacked = join(folder, 'attacked.html');
    await svmSim('run', '--quiet', '--report', attacked, 'fixtures/scenarios/attacks/01-other-kernel.yaml');
    await open(attacked);
    await page.keyboard.press('!');
    const panel = page.locator('#panel');
    expect(await panel.textContent())
      .to.contain('Caught by ')
      .and.contain('The check digest-kernel')
      .and.contain('SHA-512 of the kernel');
    await shot('adversary-1440');
    await page.locator('.effect a').click();
    expect(await selected()).to.contain('digest-kernel');
    expect(await panel.textContent())
      .to.contain('After the adversary’s act')
      .and.contain('UV_ESM');
    await page.click('#theme');
    await shot('adversary-dark-1440');
    await page.close();
    await open(attacked, '#view=hypervisor');
    expect(await page.locator('body').textContent()).not.to.contain('The check digest-kernel');
  });

  it('is whole on a narrow window: nothing sticks out', async () => {
    await open(file, `#event=${seqOf('TPM2_RSA_Decrypt')}`, 390, 844);
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).to.be.at.most(390);
    await shot('report-390');
    await page.click('#tab-knows');
    await shot('knowledge-390');
    await page.click('#theme');
    await shot('knowledge-dark-390');
  });

  it('is smooth with 20 000 events', async () => {
    const long = join(folder, 'long.html');
    writeFileSync(long, toReport({ header: { format: 'svm-sim trace', version: 1, simulator: '0' }, runs: [longRun(run, 20_000)] }));
    expect(statSync(long).size).to.be.lessThan(2 << 20);
    // Times tell of the machine and who else works on it; that twenty thousand are no slower than a few hundred tells of the page.
    const times: { readonly frame: number; readonly step: number }[] = [];
    for (const path of [file, long]) {
      await open(path);
      await page.keyboard.press('r');
      const drawn = await page.locator('#rows').evaluate((rows: { readonly childElementCount: number }) => rows.childElementCount);
      expect(drawn).to.be.lessThan(100);
      const frame = await page.evaluate<number>(SCROLL_THROUGH);
      const started = Date.now();
      for (let i = 0; i < 50; i++) await page.keyboard.press('ArrowDown');
      times.push({ frame, step: (Date.now() - started) / 50 });
      if (path === file) await page.close();
    }
    const [few, many] = times;
    console.log(
      `        a frame of scrolling ${few?.frame.toFixed(1)} and ${many?.frame.toFixed(1)} ms, a step ${few?.step} and ${many?.step} ms`,
    );
    expect(many?.frame).to.be.lessThan(3 * (few?.frame ?? 0));
    expect(many?.step).to.be.lessThan(3 * (few?.step ?? 0));
    await page.keyboard.press('End');
    expect(await selected()).to.match(/#\d+/);
  });
});
