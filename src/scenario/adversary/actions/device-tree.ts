import { z } from 'zod';
import { DecodeError } from '../../../bytes/index.ts';
import { readFdt, setProperty, writeFdt } from '../../../svm/format/index.ts';
import { CONTENTS } from '../../language/values.ts';
import { bytesAction } from '../action.ts';

export const addProperty = bytesAction({
  name: 'add-property',
  about: 'Puts a property into the device tree that the boot wrapper did not put there (threat 6).',
  at: ['memory'],
  fields: {
    path: z.string().regex(/^\//, 'is no path of the tree: it begins with "/"').describe('The node, such as `/chosen`.'),
    property: z.string().min(1).max(31).describe('Name of the property.'),
    contents: CONTENTS.describe('Its value.'),
  },
  variants: ({ region }) =>
    region === 'device-tree' ? ['/chosen', '/rtas'].map(path => ({ path, property: 'linux,steered', contents: { hex: '00000001' } })) : [],
  apply(bytes, { path, property, contents }, scene) {
    if (scene.moment.region !== 'device-tree') return null;
    try {
      const tree = writeFdt(setProperty(readFdt(bytes), path, property, scene.bytesOf(contents)), bytes.length);
      scene.tell('device tree', `${path}/${property} is added`);
      return tree;
    } catch (error) {
      if (error instanceof DecodeError || error instanceof RangeError) return null; // another action has spoilt the tree, or no such node
      throw error;
    }
  },
});
