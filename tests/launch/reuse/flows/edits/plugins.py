from registry import plugin


@plugin
def shout(text):
    return text.upper()
