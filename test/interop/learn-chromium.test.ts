import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { type Browser, chromium, type Page } from 'playwright-core';
import { choicesOf } from '../../src/learn/answers.ts';
import { lessons } from '../../src/learn/index.ts';
import { svmSim } from '../cli/stand-in-io.ts';
import { runsOf } from '../learn/played.ts';
import { CHROMIUM, FLAGS, SHOTS } from './chromium.ts';

const widthOf = 'document.documentElement.scrollWidth';

describe('The pages of the lessons in Chromium', function () {
  this.timeout(180_000);
  if (!existsSync(CHROMIUM)) {
    it(`needs ${CHROMIUM}, which is not installed`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-lessons-'));
  const troubles: string[] = [];
  let browser: Browser;
  let page: Page;
  before(async () => {
    expect((await svmSim('learn', '--html', folder)).status).to.equal(0);
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

  async function open(file: string, width = 1440, height = 900): Promise<void> {
    page = await browser.newPage({ viewport: { width, height } });
    page.on('console', message => troubles.push(`console: ${message.text()}`));
    page.on('pageerror', error => troubles.push(`error: ${error.message}`));
    page.on('request', request => {
      if (!request.url().startsWith('file:') && !request.url().startsWith('data:')) troubles.push(`request: ${request.url()}`);
    });
    await page.goto(pathToFileURL(join(folder, file)).href);
  }
  const shot = async (name: string) => SHOTS && page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
  const fileOf = (i: number): string => `${String(i + 1).padStart(2, '0')}-${lessons[i]?.name}.html`;

  it('has an index from which every lesson can be reached, and from a lesson the report of its runs', async () => {
    await open('index.html');
    const links = await page.locator('.lessons a').evaluateAll(all => all.map(one => one.getAttribute('href') ?? ''));
    expect(links).to.deep.equal(lessons.map((_, i) => fileOf(i)));
    await shot('lessons-1440');
    await page.click('.lessons li:nth-child(3) a');
    expect(await page.locator('h1').textContent()).to.contain('Policies A and B');
    await page.getByText('The whole run, event by event').click();
    await page.waitForSelector('.row[aria-selected="true"]');
    expect(readdirSync(folder)).to.have.lengthOf(1 + 2 * lessons.length);
    for (const file of readdirSync(folder)) expect(readFileSync(join(folder, file)).length, file).to.be.lessThan(2 << 20);
  });

  for (const [i, lesson] of lessons.entries()) {
    it(`steps through ${lesson.name}, and tells a right answer from a wrong one`, async () => {
      await open(fileOf(i));
      const place = page.locator('#place');
      const count = lesson.stops.length;
      expect(await place.textContent()).to.equal(`1 of ${count}`);
      await page.keyboard.press('ArrowRight');
      await page.click('#next');
      await page.keyboard.press('ArrowLeft');
      expect(await place.textContent()).to.equal(`2 of ${count}`);
      expect(await page.locator('.stop:visible').count()).to.equal(1);
      const runs = runsOf(lesson);
      for (const [n, { about, answer }] of lesson.questions.entries()) {
        const found = answer(await runs.about(about), await runs.of());
        const form = page.locator('form.question').nth(n);
        const choices = choicesOf(found);
        const give = async (text: string) => {
          if (choices) await form.locator('input[type=radio]').nth(choices.indexOf(text)).check();
          else await form.locator('input[type=text]').fill(text);
          await form.getByText('Check', { exact: true }).click();
        };
        await give(choices?.find(choice => choice !== found.right) ?? '4711');
        expect(await form.locator('.verdict').textContent()).to.match(/^No\./);
        await give(found.right);
        expect(await form.locator('.verdict').textContent()).to.equal(`Right: ${found.right}${found.why}`);
      }
      const change = page.locator('details.change').first();
      await change.locator('> summary').click();
      await change.locator('details.done > summary').click();
      expect(await change.locator('.results').isVisible()).to.equal(true);
      await shot(`lesson-${i + 1}-1440`);
    });
  }

  it('is whole on a narrow window, in the dark and on paper', async () => {
    for (const [i, { name }] of lessons.entries()) {
      await open(fileOf(i), 390, 844);
      await page.locator('details').evaluateAll(all => {
        for (const one of all) (one as unknown as { open: boolean }).open = true;
      });
      expect(await page.evaluate<number>(widthOf), name).to.be.at.most(390);
      if (i < 2) await shot(`lesson-${i + 1}-390`);
      if (i < lessons.length - 1) await page.close();
    }
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.click('#theme');
    expect(await page.locator('html').getAttribute('data-theme')).to.equal('dark');
    await shot('lesson-dark-1440');
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('.stop:visible').count()).to.equal(lessons.at(-1)?.stops.length);
    const ink = await page.evaluate<string>('getComputedStyle(document.body).color');
    expect(ink, 'dark on paper, though the page is dark').to.equal('rgb(28, 34, 38)');
    await shot('lesson-print');
  });
});
