"""The bench. The rule: the real program on real files, beside its peers, and every run's outcome is checked.

`make bench`, or `python -m bench [names] [--runs N] [--photos N] [--json FILE]`. Only the standard library and Pillow.

machine      what it ran on, and how quiet that was          running    a program and all its children, measured
roots        roots, what is dropped, what came out           tables     figures -> text
photoset     2,000 different photos, made once               textset    texts of many formats
filing       photos filed, beside exiftool and jhead         latency    commit to start, close to filed
inside       (a process) the service with a clock in it      outside    (a process) somebody who records beside it
rest         a service with nothing to do                    starting   how long a start takes with many files
growth       cost per event, of young and old logs           two_years  a database that stays bounded
jobs         jobs a second, beside bare huey                 noops      (a process) one side of that
refreshing   the metrics, after many jobs                    quotas     whether something fits, with many files
soak         mixed jobs under kills                          asking     (for the soak) what is asked for
effects      (for the soak) what is called
photos       by format, and very many of them                small      the files for that
backups      beside rsync and restic                         backing    (a process) one backup
elsewhere    the drive that they go to
texts        read, beside pypdf and markitdown
texts_by_box (a process) as a child of Box reads them        texts_by_peers  (a process) as they do
searching    many passages indexed and asked for             claiming   claims by rules, on labelled sentences
__main__     the command line
"""
