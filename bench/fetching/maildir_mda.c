/* A delivery program for fetchmail, which has none: standard input into a Maildir, durably.
 *
 * maildir-mda MAILDIR. As fast as a process for each letter can be: linked statically, one fsync
 * of the letter and one of the folder before it says yes.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
    static char data[1024 * 1024];
    char name[128], there[160];
    struct timespec t;
    if (argc != 2 || chdir(argv[1])) return 75; /* EX_TEMPFAIL */
    clock_gettime(CLOCK_REALTIME, &t);
    snprintf(name, sizeof name, "tmp/%ld.M%ldP%d.bench", (long)t.tv_sec, t.tv_nsec, getpid());
    snprintf(there, sizeof there, "new/%s", name + 4);
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0) return 75;
    ssize_t got;
    while ((got = read(STDIN_FILENO, data, sizeof data)) > 0)
        if (write(fd, data, (size_t)got) != got) return 75;
    if (got < 0 || fsync(fd) || close(fd) || rename(name, there)) return 75;
    int folder = open("new", O_RDONLY | O_DIRECTORY);
    return folder < 0 || fsync(folder) ? 75 : 0;
}
