// The AT Protocol development network, for as long as standard input is open. Its first line on standard output says
// where its server and the way to hurry it are: a POST there returns when everything published can be found.
// https://github.com/bluesky-social/atproto/tree/main/packages/dev-env

import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const installed = createRequire(join(process.cwd(), 'package.json'))
const { TestNetwork } = await import(pathToFileURL(installed.resolve('@atproto/dev-env')))

const network = await TestNetwork.create({ dbPostgresSchema: 'letters_only' })
const hurry = createServer(async (request, response) => {
  await network.processAll()
  response.end('{}')
})
hurry.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ server: network.pds.url, hurry: `http://127.0.0.1:${hurry.address().port}` }))
})
process.stdin.on('end', () => process.exit(0))
process.stdin.resume()
