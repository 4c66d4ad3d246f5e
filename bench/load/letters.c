/* What is delivered and must come back: the letters, and the people who get them.
 *
 * The file of letters holds `letters x size` octets, each letter exactly `size` long. Wire images
 * (dots doubled, terminator added) are made once here, so that checking is a memcmp.
 */
#include "load.h"

#include <stdlib.h>
#include <string.h>

letter *letters;
int letters_count;
person *people;
int people_count;
FILE *pairs;

static letter image_of(const char *raw, size_t size) {
    letter made = {malloc(size * 2 + 8), 0};
    bool line_start = true;
    for (size_t i = 0; i < size; i++) {
        if (line_start && raw[i] == '.') made.wire[made.octets++] = '.';
        made.wire[made.octets++] = raw[i];
        line_start = raw[i] == '\n';
    }
    memcpy(made.wire + made.octets, ".\r\n", 3);
    made.octets += 3;
    return made;
}

void load_letters(const char *path, size_t size) {
    FILE *file = fopen(path, "rb");
    char *raw = malloc(size);
    if (!file || !raw) {
        perror(path);
        exit(2);
    }
    while (fread(raw, 1, size, file) == size) {
        letters = realloc(letters, sizeof *letters * (size_t)(letters_count + 1));
        letters[letters_count++] = image_of(raw, size);
    }
    fclose(file);
    free(raw);
}

void load_people(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        exit(2);
    }
    person one = {0};
    while (fscanf(file, "%95s %95s", one.name, one.password) == 2) {
        people = realloc(people, sizeof *people * (size_t)(people_count + 1));
        people[people_count++] = one;
    }
    fclose(file);
}

void note_pair(int who, uint64_t serial) {
    if (pairs) fprintf(pairs, "%s %016llx\n", people[who].name, (unsigned long long)serial);
}
