// The foreign bank of open-fin-ts-js-client-promise, codec, dialogs and all, on a free port of
// loopback. Words: its folder; then, where it shall not serve its own statements, our IBAN and a
// file of MT940. With PAGES=2 its own statements come in two pages, cut in the middle of one.
const path = require('path')
const http = require('http')
const fs = require('fs')
const [folder, iban, file] = process.argv.slice(2)
const load = (name) => require(path.join(folder, 'node_modules/open-fin-ts-js-client-promise', name))
const FinTSServer = load('dev/FinTSServer.js')
const { Helper } = load('lib/Classes.js')
const bank = new FinTSServer()
bank.my_debug_log = false
bank.hikas_2_mode = process.env.PAGES === '2'
if (iban) {
  const answer = (control, segment, code, version, groups) => {
    control.gmsg['0010'] = ['0010', '', 'Nachricht entgegengenommen.']
    const said = [['0020', '', 'Auftrag ausgefuehrt']]
    control.msgs.push(Helper.newSegFromArrayWithBez('HIRMS', 2, segment.nr, said))
    control.content.push(Helper.newSegFromArrayWithBez(code, version, segment.nr, groups))
    return true
  }
  bank.handleHKSPA = (segment, control) =>
    answer(control, segment, 'HISPA', 1, [['J', iban, 'GENODE00TES', '1', '', '280', '12345678']])
  bank.handleHKKAZ = (segment, control) =>
    answer(control, segment, 'HIKAZ', 7, [Helper.Byte(fs.readFileSync(file, 'latin1'))])
}
const server = http.createServer((request, response) => {
  let body = ''
  request.on('data', (piece) => (body += piece))
  request.on('end', () => response.end(bank.handleIncomeMessage(body)))
})
server.listen(0, '127.0.0.1', () => process.stdout.write(server.address().port + '\n'))
process.stdin.on('end', () => process.exit(0)).resume()
