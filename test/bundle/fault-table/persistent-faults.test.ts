/** Every call of an operation fails without taking effect, and the service prevents nothing. */
import { permissiveRules } from '../../../emulator/emulator.ts'
import { testFaultTable } from './play-case.ts'

testFaultTable({
  title: 'Every call of an operation fails',
  sample: 6,
  rules: permissiveRules,
  times: 'always',
  with: { 'max-attempts': '2' },
  includes: ({ effect }) => effect === 'none',
})
