#!/usr/bin/env python3
"""The dashboard of a node in a headless Chromium: what it shows of a running network, the keyboard alone, a validator
that is killed, the node itself gone and back. Pictures of it go to --pictures. Skipped (77) without `chromium`."""
import sys
from pathlib import Path

import browser
from harness import Test, check, say, wait_for, wait_height, wait_ready

VALIDATORS = 4


def text(page, selector):
    return page.value(f'(document.querySelector({selector!r}) || {{}}).textContent || ""')


def amount(page, selector):
    return page.value(f'document.querySelectorAll({selector!r}).length')


def shown_height(page):
    return int((text(page, '#blocks tbody button') or '0').replace(',', ''))


def check_what_is_shown(page):
    wait_for('the page to say ready', lambda: 'ready' in text(page, '#connection'), 20)
    wait_for('20 heights', lambda: amount(page, '#blocks tbody tr') == 20, 20)
    first = shown_height(page)
    wait_for('a later height', lambda: shown_height(page) > first, 20)
    check(amount(page, '#grid tbody tr') == VALIDATORS, 'a row of the grid for each validator')
    cells = page.value('[...document.querySelectorAll("#grid tbody td")].map(td => td.textContent).join("")')
    check(set(cells) <= set('■◆·◇') and '■' in cells and '◆' in cells, f'signs of the grid: {set(cells)}')
    columns = len(cells) // VALIDATORS
    for column in range(columns):
        signed = sum(cells[row * columns + column] in '■◆' for row in range(VALIDATORS))
        check(signed >= 3, f'only {signed} signers in column {column}')
    check(amount(page, '#peers tbody tr') == VALIDATORS - 1, 'a row for each peer')
    tree = text(page, '#tree tbody')
    check('consensus' in tree and 'running' in tree, 'the supervision tree')
    say(f'shown: {columns} heights, {amount(page, "#tree tbody tr")} actors, "{text(page, "#round")}"')


def check_keyboard(page):
    for _ in range(60):
        page.press('Tab')
        if page.value('document.activeElement.closest("#grid") !== null'):
            break
    else:
        check(False, 'Tab does not reach the grid of votes')
    for key in ('End', 'ArrowDown', 'ArrowLeft'):
        page.press(key)
    said = text(page, '#grid-cell')
    check('validator 1' in said, f'after arrow keys the grid says "{said}"')
    page.press('Enter')
    check(page.value('!document.getElementById("timeline").hidden'), 'Enter opens the timeline')
    height = text(page, '#h-timeline')
    check('Height' in height, 'the timeline names its height')
    page.press('Escape')
    check(page.value('document.getElementById("timeline").hidden'), 'Escape closes the timeline')
    check(page.value('document.activeElement !== document.body'), 'the focus is not lost')
    say(f'by keyboard: "{said}", timeline of "{height}"')


def check_messages(page):
    wait_for('edges between actors', lambda: amount(page, '#flow-edges tbody tr') > 5, 20)
    check(amount(page, '#flow-map path') > 5, 'lines between actors')
    page.value('[...document.querySelectorAll("#flow-edges button")]'
               '.find(b => b.dataset.edge.endsWith("/consensus")).click()')
    wait_for('messages of an edge', lambda: amount(page, '#messages-list tbody tr') > 0, 20)
    say(f'{amount(page, "#flow-edges tbody tr")} edges; {text(page, "#h-messages")}')
    page.value('document.getElementById("messages-close").click()')


def check_timeline(page):
    """Of a height that was decided while the page was open."""
    wait_for('a height with known steps', lambda: page.value(
        '[...state.steps.keys()].some(h => state.blocks.has(h) && state.steps.get(h).length >= 1)'), 20)
    page.value('openTimeline([...state.steps.keys()].filter('
               'h => state.blocks.has(h) && state.steps.get(h).length >= 1).pop())')
    wait_for('the messages of the height', lambda: amount(page, '#timeline tbody tr') > 10, 20)
    check('newBlock' in text(page, '#timeline-body'), 'what the node told of the height')
    types = set(page.value('[...document.querySelectorAll("#timeline tbody tr")].map(r => r.cells[3].textContent)'))
    check({'VerifiedVote', 'CommitBlock'} & types, f'types of the timeline: {types}')
    check(amount(page, '#timeline svg rect.work') == amount(page, '#timeline tbody tr'), 'a mark for each message')
    say(f'timeline: {amount(page, "#timeline tbody tr")} messages of {len(types)} types')


def pictures(page, folder):
    folder.mkdir(parents=True, exist_ok=True)
    page.picture(folder / 'light.png')
    page.call('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': 'dark'}])
    page.picture(folder / 'dark.png')
    page.call('Emulation.setEmulatedMedia', features=[])
    for deficiency in ('deuteranopia', 'achromatopsia'):
        page.call('Emulation.setEmulatedVisionDeficiency', type=deficiency)
        page.picture(folder / f'{deficiency}.png')
    page.call('Emulation.setEmulatedVisionDeficiency', type='none')
    page.call('Emulation.setDeviceMetricsOverride', width=400, height=800, deviceScaleFactor=1, mobile=True)
    wide = page.value('document.documentElement.scrollWidth')
    check(wide <= 400, f'on a phone the page is {wide} wide')
    page.picture(folder / 'phone.png')
    page.call('Emulation.clearDeviceMetricsOverride')


def check_trouble(page, network):
    network.kill(3)
    wait_for('two peers', lambda: amount(page, '#peers tbody tr') == 2, 30)
    wait_for('peerDown among the events', lambda: 'peerDown' in text(page, '#events'), 20)
    wait_for('heights without validator 3', lambda: page.value(
        '[...document.querySelectorAll("#grid tbody tr")].filter('
        'r => [...r.cells].slice(-5).filter(c => c.tagName === "TD").every(c => "·◇".includes(c.textContent))).length'
        ' === 1'), 60)
    network.start(3)
    wait_for('three peers again', lambda: amount(page, '#peers tbody tr') == 3, 60)
    network.kill(0)
    wait_for('the page to say that the node is gone', lambda: 'no answer' in text(page, '#connection'), 20)
    network.start(0)
    wait_for('the page to say ready again', lambda: 'ready' in text(page, '#connection') and
             'not ready' not in text(page, '#connection'), 60)
    first = shown_height(page)
    wait_for('later heights', lambda: shown_height(page) > first, 30)


def body(test):
    network = test.network(VALIDATORS, ('--block-time-ms', '200', '--timeout-propose-ms', '600'))
    network.start_all()
    wait_ready(network)
    wait_height(network, 0, 25, 60)
    page = browser.Browser(test.folder)
    try:
        page.open(network.url(0) + '/')
        check_what_is_shown(page)
        check_keyboard(page)
        check_messages(page)
        check_timeline(page)
        pictures(page, Path(test.args.pictures or Path(test.args.logs) / test.name))
        check(not page.problems, f'errors on the page: {page.problems}')
        check_trouble(page, network)
        origin = network.url(0)
        foreign = [url for url in page.requests if not url.startswith((origin, 'data:', 'about:'))]
        check(not foreign, f'the page asked others: {foreign[:3]}')
        say(f'{len(page.requests)} requests, all to {origin}')
    finally:
        page.close()


if __name__ == '__main__':
    if browser.program() is None:
        print('skipped: no chromium here (apt-get install chromium, or set WITAN_CHROMIUM)')
        sys.exit(77)
    sys.exit(Test([('--pictures', {'help': 'folder for the pictures; default: among the logs'})]).run(body))
