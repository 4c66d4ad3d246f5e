#!/usr/bin/perl
# Reads a mailbox with Net::POP3 and keeps each letter in a file of FOLDER named after its number.
# Usage: net_pop3.pl pop3|pop3s HOST PORT AUTHORITY NAME PASSWORD FOLDER
use strict;
use warnings;
use Net::POP3;

my ($service, $host, $port, $authority, $name, $password, $folder) = @ARGV;
my %trust = (SSL_ca_file => $authority, SSL_verifycn_name => $host, SSL_verify_mode => 1);
my $pop3 = Net::POP3->new(
    $host, Port => $port, Timeout => 20, $service eq 'pop3s' ? (SSL => 1, %trust) : ()
) or die "no connection: $@\n";
$pop3->starttls(%trust) or die 'no STLS: ' . $pop3->message . "\n" if $service eq 'pop3';
defined $pop3->login($name, $password) or die 'no login: ' . $pop3->message . "\n";
my $sizes = $pop3->list;
my $ids = $pop3->uidl;
for my $number (sort { $a <=> $b } keys %$sizes) {
    $ids->{$number} or die "no UIDL of $number\n";
    open my $file, '>:raw', "$folder/$number" or die "$folder/$number: $!\n";
    $pop3->get($number, $file) or die "no letter $number: " . $pop3->message . "\n";
    close $file or die "$folder/$number: $!\n";
}
$pop3->quit or die "no end: " . $pop3->message . "\n";
