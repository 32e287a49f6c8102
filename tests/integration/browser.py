"""A headless Chromium, driven over its DevTools pipe: enough to open a page, look at it, press keys and take a
picture. Needs `chromium` (or the program named by WITAN_CHROMIUM); browser() is None when there is none."""
import base64
import json
import os
import select
import shutil
import subprocess
import time

ANSWER_SECONDS = 60
KEYS = {'Tab': 9, 'Enter': 13, 'Escape': 27, 'End': 35, 'Home': 36, 'ArrowLeft': 37, 'ArrowUp': 38, 'ArrowRight': 39,
        'ArrowDown': 40}


def program():
    return os.environ.get('WITAN_CHROMIUM') or shutil.which('chromium')


class Browser:
    """One tab. Messages are JSON ended by a zero byte, on the descriptors 3 (to it) and 4 (from it)."""

    def __init__(self, folder):
        to_read, self._to = os.pipe()
        self._from, from_write = os.pipe()
        arguments = [program(), '--headless=new', '--remote-debugging-pipe', '--no-first-run', '--disable-gpu',
                     '--disable-dev-shm-usage', '--disable-extensions', '--disable-background-networking',
                     f'--user-data-dir={folder}/browser', '--window-size=1280,1600', 'about:blank']
        if os.geteuid() == 0:
            arguments.insert(1, '--no-sandbox')  # Chromium refuses its sandbox to root

        def descriptors():
            os.dup2(to_read, 13)
            os.dup2(from_write, 14)
            os.dup2(13, 3)
            os.dup2(14, 4)

        self._log = open(f'{folder}/browser.log', 'wb')
        self._process = subprocess.Popen(arguments, preexec_fn=descriptors, close_fds=False, stdin=subprocess.DEVNULL,
                                         stdout=self._log, stderr=self._log)
        os.close(to_read)
        os.close(from_write)
        self._buffer, self._number, self._session = b'', 0, None
        self.problems = []  # errors of scripts and of the page's own policy
        self.requests = []  # every address the page asked for
        target = self.call('Target.createTarget', url='about:blank')['targetId']
        self._session = self.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.call(f'{domain}.enable')

    def call(self, method, **params):
        self._number += 1
        message = {'id': self._number, 'method': method, 'params': params}
        if self._session:
            message['sessionId'] = self._session
        os.write(self._to, json.dumps(message).encode() + b'\0')
        end = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < end:
            answer = self._next(end)
            if answer.get('id') == self._number:
                if 'error' in answer:
                    raise RuntimeError(f'{method}: {answer["error"]["message"]}')
                return answer['result']
            self._note(answer)
        raise RuntimeError(f'{method}: no answer within {ANSWER_SECONDS} s')

    def _next(self, end):
        while b'\0' not in self._buffer:
            if not select.select([self._from], [], [], max(0.0, end - time.monotonic()))[0]:
                raise RuntimeError('the browser does not answer')
            more = os.read(self._from, 1 << 20)
            if not more:
                raise RuntimeError('the browser ended')
            self._buffer += more
        message, self._buffer = self._buffer.split(b'\0', 1)
        return json.loads(message)

    def _note(self, event):
        params = event.get('params', {})
        if event.get('method') == 'Runtime.exceptionThrown':
            self.problems.append(params['exceptionDetails'].get('exception', {}).get('description', 'exception'))
        elif event.get('method') == 'Log.entryAdded' and params['entry']['level'] == 'error':
            self.problems.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
        elif event.get('method') == 'Network.requestWillBeSent':
            self.requests.append(params['request']['url'])

    def open(self, url):
        self.call('Page.navigate', url=url)

    def value(self, expression):
        result = self.call('Runtime.evaluate', expression=expression, returnByValue=True, awaitPromise=True)
        if 'exceptionDetails' in result:
            raise RuntimeError(f'{expression}: {result["exceptionDetails"]["text"]}')
        return result['result'].get('value')

    def press(self, key):
        code = KEYS[key]
        text = {'text': '\r'} if key == 'Enter' else {}
        for kind in ('keyDown', 'keyUp'):
            self.call('Input.dispatchKeyEvent', type=kind, key=key, code=key, windowsVirtualKeyCode=code,
                      **(text if kind == 'keyDown' else {}))

    def picture(self, path):
        data = self.call('Page.captureScreenshot', captureBeyondViewport=True)['data']
        with open(path, 'wb') as out:
            out.write(base64.b64decode(data))

    def close(self):
        try:
            session, self._session = self._session, None
            self.call('Browser.close')
            self._session = session
        except (RuntimeError, OSError):
            pass
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._to)
        os.close(self._from)
        self._log.close()
