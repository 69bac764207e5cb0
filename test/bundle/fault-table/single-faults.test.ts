/** Every call of a run with every fault: at most one create takes effect, and only a ready storage succeeds. */
import { testFaultTable } from './play-case.ts'

testFaultTable({
  title: 'One call fails, with the rules of the service',
  sample: 0,
  rules: {},
  times: 1,
})
