/** The AWS SDK for JavaScript with its default retries. */
import {
  AmplifyBackendClient,
  CreateBackendStorageCommand,
  type CreateBackendStorageCommandInput,
} from '@aws-sdk/client-amplifybackend'

import type { Emulator } from '../../../emulator/emulator.ts'
import { region } from './client.ts'

/** Sends one create, as often as the SDK sends it. The emulator counts the requests. */
export async function createWithJavaScript(
  emulator: Emulator,
  input: CreateBackendStorageCommandInput,
): Promise<void> {
  const { accessKeyId, secretAccessKey } = emulator.state.user
  const client = new AmplifyBackendClient({
    endpoint: emulator.url,
    region,
    credentials: { accessKeyId, secretAccessKey },
  })
  try {
    await client.send(new CreateBackendStorageCommand(input))
  } catch (error) {
    // A refusal is what most of these calls end in; only a bug of the test has no answer behind it.
    if (!(error instanceof Error && '$metadata' in error)) throw error
  } finally {
    client.destroy()
  }
}
