import type { Reporter } from 'knip';

const AT_LEAST = 1_000;

/** Says how many files knip read. */
const minimum: Reporter = ({ counters: { processed } }) => {
  if (processed < AT_LEAST)
    throw new Error(`knip read ${processed} files, expected at least ${AT_LEAST}: a check that sees nothing proves nothing`);
  console.log(`dead code: ${processed} files read`);
};

// biome-ignore lint/style/noDefaultExport: knip loads a reporter by its default export
export default minimum;
