/** Runs at the end of the job, with what the first part has kept. */
console.log(`At the end: ${process.env['STATE_said'] ?? ''}`)
