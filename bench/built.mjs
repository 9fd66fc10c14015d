/** Module hook: where a benchmark imports `../src/X.ts`, it gets `../dist/X.js`. */
export function resolve(specifier, context, next) {
  const fromBench = context.parentURL?.startsWith(new URL('.', import.meta.url).href);
  return next(fromBench ? specifier.replace(/^\.\.\/src\/(.*)\.ts$/, '../dist/$1.js') : specifier, context);
}
