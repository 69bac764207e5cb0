/** The combinations of a matrix, with the examples of GitHub's documentation. */
import { expect, test } from 'vitest'

import { matrixCombinations } from '../../emulator/runner/matrix.ts'

test.each<[string, unknown, readonly object[]]>([
  ['no matrix', undefined, [{}]],
  [
    'two dimensions',
    { os: ['a', 'b'], node: [1, 2] },
    [
      { os: 'a', node: 1 },
      { os: 'a', node: 2 },
      { os: 'b', node: 1 },
      { os: 'b', node: 2 },
    ],
  ],
  [
    'an exclusion of the first',
    { os: ['a', 'b'], node: [1], exclude: [{ os: 'a' }] },
    [{ os: 'b', node: 1 }],
  ],
  ['only inclusions', { include: [{ a: 1 }, { b: 2 }] }, [{ a: 1 }, { b: 2 }]],
  [
    'inclusions that extend combinations or are new ones',
    {
      fruit: ['apple', 'pear'],
      animal: ['cat'],
      include: [
        { color: 'green' },
        { color: 'pink', animal: 'cat' },
        { fruit: 'apple', shape: 'circle' },
        { fruit: 'banana' },
      ],
    },
    [
      { fruit: 'apple', animal: 'cat', color: 'pink', shape: 'circle' },
      { fruit: 'pear', animal: 'cat', color: 'pink' },
      { fruit: 'banana' },
    ],
  ],
])('The combinations of %s are right', (_, matrix, combinations) => {
  expect(matrixCombinations(matrix)).toEqual(combinations)
})
