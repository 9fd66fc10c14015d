export {
  type ChosenGeneration,
  chooseGeneration,
  differencesBetween,
  type GenerationChoice,
  observedGeneration,
  type ProgramDifferences,
  parseGeneration,
} from './chosen.ts';
export { DEFAULT_GENERATION, GENERATION_NAMES, GENERATIONS, type Generation } from './generations.ts';
export { PROGRAM_NAMES, PROGRAMS, type Program } from './programs.ts';
