import type { Paint } from '../../trace/index.ts';
import { columns } from '../terminal/columns.ts';
import { checkEntries, fieldEntries, profileEntries, scenariosOf, stateOf, weaknesses } from './profile-entries.ts';

/** The profiles beside each other: values of every field, checks, weaknesses. */
export function showProfiles(paint: Paint): string {
  const names = profileEntries.map(({ name }) => name);
  const head = (first: string): string[] => [first, ...names].map(text => paint(text, 'heading'));
  const fields = fieldEntries.map(({ field, values }) => [
    field,
    ...names.map(name => paint(values[name]?.value ?? '', values[name]?.differs ? 'key' : undefined)),
  ]);
  const made = checkEntries.map(({ check, made: by }) => [check, ...names.map(name => (by[name] ? 'yes' : paint('no', 'key')))]);
  return [
    columns(profileEntries.map(({ name, about }) => [paint(name, 'heading'), about])),
    columns([head('field'), ...fields]),
    columns([head('check is made'), ...made]),
    `${paint('weaknesses', 'heading')}\n${columns(weaknesses.map(weakness => [String(weakness.number).padStart(2), weakness.attempt, stateOf(weakness)]))}`,
    'svm-sim profiles NAME tells the reasons.',
  ].join('\n\n');
}

/** One profile: each field with reason and source, the checks that it makes and leaves out. */
export function showProfile(name: string, paint: Paint): string {
  const about = profileEntries.find(entry => entry.name === name)?.about ?? '';
  const fields = fieldEntries.map(({ field, about: what, calls, values }) => {
    const said = values[name];
    if (!said) return '';
    const title = `${paint(field, 'heading')}: ${paint(said.value, said.differs ? 'key' : undefined)}${said.differs ? paint(' (published: ', 'quiet') + paint(`${values.published?.value})`, 'quiet') : ''}`;
    return [
      title,
      `  ${what}`,
      `  ${said.why}`,
      paint(`  source: ${said.source}${calls.length > 0 ? `; calls: ${calls.join(', ')}` : '; host boot'}`, 'quiet'),
    ].join('\n');
  });
  const made = checkEntries.filter(entry => entry.made[name]);
  const left = checkEntries.filter(entry => !entry.made[name]);
  const shows = weaknesses.flatMap(weakness => {
    const files = scenariosOf(weakness).filter(({ shows: what }) => what.includes(`(${name})`) || what === 'every profile');
    return files.map(({ file, shows: what }) => [String(weakness.number).padStart(2), file, what]);
  });
  return [
    `${paint(name, 'heading')}: ${about}`,
    ...fields,
    `${paint('checks that it makes', 'heading')}\n${columns(made.map(({ check, about: what }) => [check, what]))}`,
    ...(left.length > 0
      ? [
          `${paint('checks that it leaves out', 'heading')}\n${columns(left.map(({ check, about: what, leftOut }) => [check, `${what}: ${leftOut}`]))}`,
        ]
      : []),
    `${paint('weaknesses that scenarios show of it', 'heading')}\n${columns(shows)}`,
  ].join('\n\n');
}
