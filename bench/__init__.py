"""The bench. The rule: the real program on real files, beside its peers, and every run's outcome is checked.

`make bench`, or `python -m bench [names] [--runs N] [--photos N] [--json FILE]`. Only the standard library and Pillow.

machine      what it ran on, and how quiet that was          photoset   2,000 different photos, made once
running      a program and all its children, measured        roots      roots, sets of photos, what came out
filing       photos filed, beside exiftool and jhead         latency    commit to start, close to filed
inside       (a process) the service with a clock in it      outside    (a process) somebody who records beside it
rest         a service with nothing to do                    growth     cost per event; start-up with many files
jobs         jobs a second, beside bare huey                 noops      (a process) one side of that
soak         mixed jobs under kills                          asking     (for the soak) what is asked for
effects      (for the soak) what is called
photos       by format, and very many of them                small      the files for that
texts        read, beside others that read them              textset    the files for that
texts_by_box (a process) as a child reads them               texts_by_peers  (a process) as others do
two_years    a database that stays bounded                   tables     figures -> text
__main__     the command line
"""
