/** The same where the service prevents nothing, so that a second create would take effect. */
import { permissiveRules } from '../../../emulator/emulator.ts'
import { testFaultTable } from './play-case.ts'

testFaultTable({
  title: 'One call fails, and the service allows everything',
  sample: 3,
  rules: permissiveRules,
  times: 1,
})
