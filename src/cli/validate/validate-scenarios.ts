import { visible } from '../../bytes/index.ts';
import { loadScenario } from '../../scenario/index.ts';
import { EXIT, type Io } from '../io.ts';
import { report } from '../terminal/show-error.ts';

export async function validate(files: readonly string[], io: Io): Promise<number> {
  let status: number = EXIT.held;
  for (const file of files) {
    try {
      const { document, files } = await loadScenario(file);
      io.out(`${visible(file)}: valid (${document.steps.length} steps, ${files.size} files)\n`);
    } catch (error) {
      status = Math.max(status, await report(error, io, false));
    }
  }
  return status;
}
